import { hashOfLinkSecret } from '../crypto/token.ts';
import { FORGIVING_MS, type TokenClaims } from '../model/jwt.ts';
import type { OnceRef } from '../model/once.ts';
import type { Session } from '../model/session.ts';
import { type IssuedToken, type JwtRefusal, newTokenId, type TokenOwner, type WebTokens } from '../sessions/jwt.ts';
import type { LiveCheck, Refused } from '../sessions/verify.ts';
import type { NewOnce } from '../stores/store.ts';
import type { Parts } from './parts.ts';

/** What a sign-in is answered with. */
export type TokenPair = { readonly access: IssuedToken; readonly refresh: IssuedToken };

export type Refreshed =
  | {
      readonly isGood: true;
      readonly access: IssuedToken /** null where the one that was shown goes on. */;
      readonly refresh: IssuedToken | null;
    }
  | { readonly isGood: false; readonly jwt: JwtRefusal; readonly refused: Refused };

/** A refresh token's name, and the second from which it counts. */
type Named = { readonly id: string; readonly at: number };

/** The tokens of a session that was just opened. */
export async function issueTokens(parts: Parts, jwt: WebTokens, owner: TokenOwner): Promise<TokenPair> {
  const named = { id: newTokenId(), at: owner.session.openedAt };
  if (jwt.settings.isRotated) await parts.store.once.put(unused(jwt, named.id));
  const [access, refresh] = await Promise.all([jwt.access(owner), jwt.refresh(owner, named)]);
  return { access, refresh };
}

/**
 * A new access token for a session that goes on, and no new place. Where refresh tokens are good once, one gets what it is exchanged
 * for, and so does whoever shows it again within `FORGIVING_MS`; later it was copied, and the session is over (RFC 9700, 4.14.2).
 */
export async function refreshSession(parts: Parts, jwt: WebTokens, token: string): Promise<Refreshed> {
  const checked = await jwt.check(parts, token, ['refresh']);
  if (!checked.live) return { isGood: false, jwt: checked.jwt, refused: checked.refused };
  const { session } = checked.checked;
  const owner = { session, handle: checked.claims.handle };
  const next = await exchanged(parts, jwt, checked);
  if (next === 'reused') return { isGood: false, jwt: 'over', refused: await endCopied(parts, session) };
  const refresh = next === 'kept' ? null : await jwt.refresh(owner, next);
  return { isGood: true, access: await jwt.access(owner), refresh };
}

/** What the next refresh token is; `kept` where this one goes on; `reused` where it was exchanged long ago. */
async function exchanged(
  { store }: Parts,
  jwt: WebTokens,
  { checked, claims }: { readonly checked: LiveCheck; readonly claims: TokenClaims },
): Promise<Named | 'kept' | 'reused'> {
  if (!claims.isOnce && !jwt.settings.isRotated) return 'kept';
  const from = refOf('refresh-token', claims.id);
  // Rotation was switched off since: what was used before that stays used.
  if (!jwt.settings.isRotated) return (await store.once.peek(from)) === null ? 'reused' : 'kept';
  const next = { id: newTokenId(), at: Math.floor(checked.now) };
  if (!claims.isOnce) {
    await store.once.put(unused(jwt, next.id));
    return next;
  }
  const used = refOf('refreshed-token', claims.id);
  const told = { ...used, lifetimeMs: FORGIVING_MS, data: JSON.stringify(next) };
  const isFirst = (await store.once.exchange({ from, to: [unused(jwt, next.id), told] })) !== null;
  if (isFirst) return next;
  const known = await store.once.peek(used);
  return known === null ? 'reused' : namedIn(known);
}

/** Has it not been exchanged yet? Of one that is good more than once, in any case. */
export async function isUnused({ store }: Pick<Parts, 'store'>, { type, id, isOnce }: TokenClaims): Promise<boolean> {
  if (type !== 'refresh' || !isOnce) return true;
  return (await store.once.peek(refOf('refresh-token', id))) !== null;
}

/** What is kept of a refresh token that was not exchanged yet. */
export function unused({ settings }: WebTokens, id: string): NewOnce {
  return { ...refOf('refresh-token', id), lifetimeMs: settings.refreshMs, data: '' };
}

function refOf(purpose: 'refresh-token' | 'refreshed-token', id: string): OnceRef {
  return { purpose, hash: hashOfLinkSecret(purpose, id) };
}

/** What this file has written. */
function namedIn(text: string): Named {
  return JSON.parse(text) as Named;
}

/** Two have one token, and nobody can tell which of them is its owner: neither goes on. */
async function endCopied(parts: Parts, { id: sessionId, accountId }: Session): Promise<Refused> {
  const ended = await parts.store.sessions.end({ accountId, sessionId, by: null, reason: 'revoked' });
  if (ended !== null && !('over' in ended) && ended.isEndedNow) {
    parts.endings.nudge();
    parts.tell({ type: 'sessions_ended', accountId, sessions: [ended.session] });
    parts.warn({ account: accountId, session: sessionId }, 'a refresh token was used again: its session is over');
  }
  return { live: false, code: 'session_revoked', sessionId, accountId, at: null, by: null, now: null };
}
