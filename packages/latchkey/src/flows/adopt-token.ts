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
 * it to its limit. An access token's goes on as long as that, a refresh token's as any other. null where no such account came along,
 * where it is suspended, where something here has voided what it allowed before, and for a refresh token that was blacklisted, or
 * whose session was here and is forgotten.
 */
export async function adoptToken(parts: Parts, token: ForeignToken): Promise<Session | null> {
  const { accounts, once, imports } = parts.store;
  const { jwt } = parts;
  if (jwt === null) return null;
  const [record, origin] = await Promise.all([accounts.find(token.accountId), imports.origin(token.accountId)]);
  if (record === null || origin === null || record.account.state !== 'active') return null;
  const revision = Math.min(record.gate.revision, origin.provenAt);
  const proof = proveForeignToken({ ...record.gate, revision }, token);
  if (proof === null) return null;
  if (token.type === 'refresh' && (await once.peek(blacklisted(token.id))) !== null) return null;
  const { handle: tokenHash, expiresAt, type } = token;
  const leftMs = Math.max(1, expiresAt * 1000 - jwt.now());
  const lifetimeMs = type === 'access' ? leftMs : parts.settings.sessions.lifetimeMs;
  // Of two at once with one token, both come to one session, and one of them exchanges it: what was kept before is no mistake.
  if (type === 'refresh' && jwt.settings.isRotated) await once.put(unused(jwt, token.id)).catch(() => undefined);
  const session = await completeImport(parts, { proof, tokenHash, isFresh: false, device: UNKNOWN_DEVICE, lifetimeMs });
  // That it was shown is known by its session while that is kept, and by this as long as it could be shown again.
  if (session !== null && type === 'refresh') await blacklistToken(parts, token.id, leftMs);
  return session;
}

/** Refuses a refresh token from before the move, by its `jti`, until it is over. */
export async function blacklistToken({ store }: Pick<Parts, 'store'>, id: string, lifetimeMs: number): Promise<void> {
  if (lifetimeMs <= 0) return;
  try {
    await store.once.put({ ...blacklisted(id), lifetimeMs, data: '' });
  } catch (error) {
    if ((await store.once.peek(blacklisted(id))) === null) throw error;
  }
}

function blacklisted(id: string): OnceRef {
  return { purpose: 'blacklisted-token', hash: hashOfLinkSecret('blacklisted-token', id) };
}
