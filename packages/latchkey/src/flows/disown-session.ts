import { hashOfLinkSecret } from '../crypto/token.ts';
import type { AccountId } from '../model/account.ts';
import { invalidInput } from '../model/reasons.ts';
import type { DisownedSession } from '../model/takeover.ts';
import { password as texts } from '../texts/api.ts';
import { forgetFailures } from './attempts.ts';
import { resetTicket } from './links.ts';
import type { Parts } from './parts.ts';

/** What its owner goes on with: the same as a mailed link to choose a new password carries. */
export type Disowned = { readonly accountId: AccountId; readonly uid: string; readonly token: string };

/**
 * An account's owner says by a mailed link that a session which it tells of was not theirs. Whoever reads the account's mail could
 * reset its password as well, and no more than that comes of it: every session ends, for it is not known which others are of whoever
 * opened that one; the password is void at once, so that they do not come back before a new one is chosen; and what was set up since
 * goes. Signs nobody in. Throws `invalid_input` on `key`.
 */
export async function disownSession(parts: Parts, key: string): Promise<Disowned> {
  const link = hashOfLinkSecret('not-me', key);
  const text = await parts.store.once.peek({ purpose: 'not-me', hash: link });
  if (text === null) throw voidLink();
  const { account: id } = JSON.parse(text) as DisownedSession;
  const { uid, token, link: reset } = resetTicket(parts.settings, id);
  const done = await parts.store.accounts.disownSession({ id, link, reset, outbox: [] });
  if (done === null) throw voidLink();
  parts.endings.nudge();
  await forgetFailures(parts, id);
  parts.tell({ type: 'session_disowned', account: done.record.account });
  return { accountId: id, uid, token };
}

function voidLink() {
  return invalidInput({ key: [texts.invalidLink] });
}
