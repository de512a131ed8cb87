import { type ForeignToken, proveForeignToken } from '../credentials/simplejwt.ts';
import { hashOfLinkSecret } from '../crypto/token.ts';
import { UNKNOWN_DEVICE } from '../model/device.ts';
import type { OnceRef } from '../model/once.ts';
import type { Session } from '../model/session.ts';
import { completeImport } from './complete-sign-in.ts';
import type { Parts } from './parts.ts';
import { unused } from './refresh-session.ts';

/**
 * A token from before the move becomes a session of an unknown device, which enters without a limit: the account's next sign-in brings
 * it to its limit. An access token's goes on as long as that, a refresh token's as any other. null where there is no such account,
 * where it is suspended, and for a refresh token that was blacklisted.
 */
export async function adoptToken(parts: Parts, token: ForeignToken): Promise<Session | null> {
  const { accounts, once } = parts.store;
  const { jwt } = parts;
  if (jwt === null) return null;
  const record = await accounts.find(token.accountId);
  const proof = record?.account.state === 'active' ? proveForeignToken(record.gate, token) : null;
  if (proof === null) return null;
  if (token.type === 'refresh' && (await once.peek(blacklisted(token.id))) !== null) return null;
  const { handle: tokenHash, expiresAt, type } = token;
  const leftMs = Math.max(1, expiresAt * 1000 - jwt.now());
  const lifetimeMs = type === 'access' ? leftMs : parts.settings.sessions.lifetimeMs;
  // Of two at once with one token, both come to one session, and one of them exchanges it: what was kept before is no mistake.
  if (type === 'refresh' && jwt.settings.isRotated) await once.put(unused(jwt, token.id)).catch(() => undefined);
  return await completeImport(parts, { proof, tokenHash, isFresh: false, device: UNKNOWN_DEVICE, lifetimeMs });
}

/** Refuses a refresh token from before the move, by its `jti`, until it is over. */
export async function blacklistToken({ store }: Pick<Parts, 'store'>, id: string, lifetimeMs: number): Promise<void> {
  if (lifetimeMs <= 0 || (await store.once.peek(blacklisted(id))) !== null) return;
  await store.once.put({ ...blacklisted(id), lifetimeMs, data: '' });
}

function blacklisted(id: string): OnceRef {
  return { purpose: 'blacklisted-token', hash: hashOfLinkSecret('blacklisted-token', id) };
}
