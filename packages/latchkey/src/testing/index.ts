/** Latchkey for tests: an instance in memory, a clock, a mailbox, and the suite that every store must pass. */
export { type TestClock, testClock } from './clock.ts';
export { type ConformanceCase, conformance, type World } from './conformance.ts';
export { type TestInstance, testLatchkey } from './instance.ts';
export { linkIn, type Mailbox, testMailbox } from './mailbox.ts';
