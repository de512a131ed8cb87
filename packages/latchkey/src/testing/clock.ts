import type { Clock } from '../stores/clock.ts';

/** A clock that stands still until it is moved. */
export type TestClock = Clock & {
  advance(ms: number): void;
};

/** Begins at a fixed moment, so that nothing depends on when a test runs. */
export function testClock(start = Date.UTC(2026, 0, 1, 12)): TestClock {
  let now = start;
  return Object.assign(() => now, {
    advance(ms: number) {
      now += ms;
    },
  });
}
