/** What a test file's process says that was ended as something held it. */
export const LEFT_OPEN = 'left something open that held its process: it was ended';
