/** An account whose password somebody else knows as well, on one kind of store, with as many nodes as are wanted. */
import assert from 'node:assert/strict';
import type { LatchkeyEvent, LatchkeyOptions } from 'latchkey';
import type { Opened } from '../../src/latchkey.ts';
import type { Mail } from '../../src/mail/message.ts';
import type { TestClock } from '../../src/testing/clock.ts';
import { openTest } from '../../src/testing/instance.ts';
import { type Answer, Device, PASSWORD } from '../library/device.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Three an hour, and no other limit in the way. */
export const FEW: LatchkeyOptions = {
  rateLimits: 'on',
  attempts: { takeovers: '3/hour', perAccount: '1000/min', perNetwork: '1000/min' },
};

export type Address = { readonly address?: 'verified' | 'unverified' | 'none' };

export type World = {
  readonly auth: Opened['auth'];
  readonly assembled: Opened['assembled'];
  readonly clock: TestClock;
  readonly events: readonly LatchkeyEvent[];
  readonly account: { readonly id: number };
  readonly username: string;
  readonly email: string;
  /** A device that brings nothing yet, and from then on what it was given. */
  device(auth?: Opened['auth']): Device;
  /** Signs it in, and says in a word what came of it. */
  enter(device: Device, password?: string): Promise<string>;
  signIn(device: Device, password?: string): Promise<Answer>;
  /** The owner's, which the account has known for more than a day, and which is signed in. */
  ownDevice(): Promise<Device>;
  /** All mails to the owner, the oldest first. */
  mails(): Promise<readonly Mail[]>;
  /** Another node on the same store. */
  node(): Promise<Opened['auth']>;
  close(): Promise<void>;
};

let made = 0;

/** The account has a verified address, unless it is said that it is not, or that it has none. */
export async function opened(
  place: LatchkeyOptions,
  { address = 'verified', ...options }: LatchkeyOptions & Address = {},
): Promise<World> {
  const events: LatchkeyEvent[] = [];
  const given = { ...FEW, ...place, ...options, attempts: { ...FEW.attempts, ...options.attempts } };
  const first = await openTest({ ...given, onEvent: (event) => void events.push(event) });
  const { auth, assembled, clock, mailbox } = first;
  made++;
  const [username, email] = [`ann${made}`, `ann${made}@example.com`];
  const account = await auth.accounts.create({
    ...{ username, password: PASSWORD },
    ...(address !== 'none' && { email, emailVerified: address === 'verified' }),
  });
  const signIn = (device: Device, password = PASSWORD): Promise<Answer> => device.signIn(username, password);
  const nodes: Opened['auth'][] = [];
  return {
    ...{ auth, assembled, clock, events, account, username, email, signIn },
    device: (node = auth) => new Device(node),
    enter: async (device, password) => wordFor(await signIn(device, password)),
    async ownDevice() {
      const device = new Device(auth);
      assert.equal(wordFor(await signIn(device)), 'in');
      clock.advance(DAY_MS + HOUR_MS);
      return device;
    },
    async mails() {
      await auth.settle();
      return mailbox.mails.filter(({ to }) => to === email);
    },
    async node() {
      const { auth: another } = await openTest({ ...given, clock, sendMail: mailbox.send });
      nodes.push(another);
      return another;
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
      await auth.close();
    },
  };
}

/** What a sign-in was answered, in a word. */
export function wordFor({ status, body, reason }: Answer): string {
  if (typeof body['key'] === 'string') return 'in';
  if (Array.isArray(body['second_step'])) return `asked for ${body['second_step'].join('+')}`;
  return `${status} ${reason}`;
}
