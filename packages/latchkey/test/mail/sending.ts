/** An instance that sends its mails to a real mail server, with a clock moved by hand. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type LatchkeyOptions, type Opened, open } from '../../src/latchkey.ts';
import { type TestClock, testClock } from '../../src/testing/clock.ts';
import { TEST_ORIGIN } from '../../src/testing/instance.ts';

export type Sending = Opened & {
  readonly clock: TestClock;
  readonly warnings: readonly string[];
  /** What was logged beside each warning. */
  readonly details: readonly object[];
  /** Sends what is due, whatever comes of it. */
  drain(): Promise<void>;
};

export async function openSending(options: LatchkeyOptions = {}, clock = testClock()): Promise<Sending> {
  const warnings: string[] = [];
  const details: object[] = [];
  const note = (detail: object, text: string): void => {
    warnings.push(text);
    details.push(detail);
  };
  const log = { info: () => undefined, warn: note, error: note };
  const opened = await open(
    {
      database: 'sqlite::memory:',
      origin: TEST_ORIGIN,
      rateLimits: 'off',
      clock,
      log,
      passwords: { hash: 'dangerously-cheap' },
      ...options,
    },
    { environment: {}, role: 'node' },
  );
  return { ...opened, clock, warnings, details, drain: async () => await opened.assembled.outbox?.drain() };
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
