import assert from 'node:assert/strict';
import { disownLink } from '../../../src/flows/links.ts';
import type { StandIn } from '../../social/stand-in.ts';
import type { Answer, TestServer } from '../serving.ts';

export type Open = {
  readonly server: TestServer;
  /** Somebody of that name is signed in already, on another device, unless they have yet to sign up. */
  readonly username: string;
  /** The key of that session. */
  readonly key: string;
  /** A provider that knows them by their verified address. */
  readonly provider: StandIn;
};

/** Makes all ready, and returns the one request that counts. */
export type Way = (open: Open) => Promise<() => Promise<Answer>>;

/** The key of a mail that tells of the newest session of an account, by which its owner says that it is not theirs. */
export async function disowning(
  { assembled: { parts } }: Pick<TestServer, 'assembled'>,
  accountId: number,
): Promise<string> {
  const [session] = (await parts.store.sessions.list(accountId)).sessions;
  const { link, href } = disownLink(parts.settings, session ?? assert.fail('nobody is signed in'));
  await parts.store.accounts.issueLinks({ links: [{ id: accountId, link }], outbox: [] });
  return href.split('/').at(-2) ?? '';
}

export const SAME_SITE = { 'sec-fetch-site': 'same-origin' };
