import { type AppLog, consoleLog } from '../assemble.ts';
import { type Latchkey, type LatchkeyOptions, type Opened, open } from '../latchkey.ts';
import { type TestClock, testClock } from './clock.ts';
import { type Mailbox, testMailbox } from './mailbox.ts';

export type TestInstance = {
  readonly auth: Latchkey;
  readonly clock: TestClock;
  readonly mailbox: Mailbox;
  close(): Promise<void>;
};

/** A test need not be warned of what an operator must: what fails is still told. */
const errorsAlone: AppLog = { ...consoleLog, warn: () => undefined };

/** Where a test instance says that it is reached. */
export const TEST_ORIGIN = 'http://127.0.0.1:8787';

/**
 * Latchkey in memory, for the tests of a host application: a clock that is moved by hand, a mailbox, a hash that costs nothing,
 * and no limits of attempts. Options given here win. The environment is not looked at.
 */
export async function testLatchkey(options: LatchkeyOptions = {}): Promise<TestInstance> {
  const { auth, clock, mailbox } = await openTest(options);
  return { auth, clock, mailbox, close: () => auth.close() };
}

/** As `testLatchkey`, with the parts inside. */
export async function openTest(options: LatchkeyOptions = {}): Promise<Opened & Omit<TestInstance, 'close'>> {
  const clock = testClock();
  const mailbox = testMailbox();
  const opened = await open(
    {
      database: 'sqlite::memory:',
      origin: TEST_ORIGIN,
      rateLimits: 'off',
      clock,
      sendMail: mailbox.send,
      log: errorsAlone,
      ...options,
      passwords: { hash: 'dangerously-cheap', ...options.passwords },
    },
    { environment: {}, role: 'node' },
  );
  await opened.assembled.announce();
  return { ...opened, clock, mailbox };
}
