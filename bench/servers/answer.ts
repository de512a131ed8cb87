/** What every server of the comparison answers, so that they differ in the check alone. */
export const PATH = '/courses/';

/** Headers that an API's answers usually have. */
export const HEADERS = { 'cache-control': 'private, no-store', 'x-content-type-options': 'nosniff' } as const;

const courses = ['Algebra', 'Botany', 'Chemistry', 'Drawing', 'English'].map((title, index) => ({
  id: index + 1,
  title,
  lessons: 12,
  done: index * 2,
}));

export function answerFor(account: string | number): object {
  return { account, courses };
}
