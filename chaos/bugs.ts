/**
 * Bugs that are planted into a node, to see that they are found: `LATCHKEY_TEST_BUG` names one, and only a node of this test reads it.
 * Each puts a faulty part in the place of a good one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Assembled } from '../packages/latchkey/src/assemble.ts';
import type { Store } from '../packages/latchkey/src/stores/store.ts';

type SessionMethods = { -readonly [Name in keyof Store['sessions']]: Store['sessions'][Name] };
type AccountMethods = { -readonly [Name in keyof Store['accounts']]: Store['accounts'][Name] };

type Parts = { readonly sessions: SessionMethods; readonly accounts: AccountMethods };

export const bugs = {
  /** A check is answered from memory, and nothing says for how long that may be. */
  'no-horizon': ({ sessions }) => {
    const remembered = new Map<string, { readonly found: Awaited<ReturnType<typeof find>>; readonly at: number }>();
    const { find } = sessions;
    sessions.find = async (token) => {
      const key = Buffer.from(token.hash).toString('hex');
      const known = remembered.get(key);
      if (known !== undefined && performance.now() - known.at < 700) return known.found;
      const found = await find(token);
      if (found?.session.ending === null) remembered.set(key, { found, at: performance.now() });
      return found;
    };
  },
  /** The account is looked at, and then written to: two sign-ins at once see the same. */
  'no-account-lock': ({ sessions }) => {
    const { admit, list, end } = sessions;
    sessions.admit = async (given) => {
      const { accountId } = given.gate;
      const max = given.limits[0]?.max ?? 'unlimited';
      const before = (await list(accountId)).sessions.toSorted((a, b) => a.sequence - b.sequence);
      const admitted = await admit({ ...given, limits: [{ bucket: 'account', max: 'unlimited' }] });
      const others = before.filter(({ device }) => device.id !== given.session.device.id);
      const surplus = max === 'unlimited' ? 0 : Math.max(0, others.length + 1 - max);
      for (const { id } of others.slice(0, surplus)) {
        await end({ accountId, sessionId: id, by: null, reason: 'displaced' });
      }
      return admitted;
    };
  },
  /** A sign-out is answered before it is done. */
  'early-answer': ({ sessions }) => {
    const { end, find: _ } = sessions;
    sessions.end = async (given) => {
      const { session } = (await sessions.list(given.accountId)).sessions
        .map((session) => ({ session }))
        .find(({ session: { id } }) => id === given.sessionId) ?? { session: null };
      if (session === null) return await end(given);
      void sleep(40).then(() => end(given));
      return { session, isEndedNow: true };
    };
  },
  /** A suspension keeps new sign-ins out, and leaves those that are in. */
  'gate-not-raised': ({ accounts }) => {
    const { setState, find } = accounts;
    accounts.setState = async (change) => {
      const record = await find(change.id);
      if (change.state === 'active' || record === null) return await setState(change);
      return { record, ended: [], isChanged: true };
    };
  },
} satisfies Readonly<Record<string, (parts: Parts) => void>>;

/** Plants the bug of that name. Throws where there is none of it. */
export function plantBug(name: string, { parts }: Assembled): void {
  const plant = (bugs as Readonly<Record<string, (parts: Parts) => void>>)[name];
  if (plant === undefined) throw new Error(`LATCHKEY_TEST_BUG must be one of ${Object.keys(bugs).join(', ')}.`);
  plant(parts.store);
}
