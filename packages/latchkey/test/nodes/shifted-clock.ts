/** Loaded before a node: its wall clock is wrong from the beginning, and the one that only goes forward is not. */
const rightTime = Date.now;
const shiftMs = Number(process.env['TEST_CLOCK_SHIFT_MS']);
Date.now = () => rightTime() + shiftMs;
