/** What authenticators are asked to sign: good once, for five minutes, and for whom it was made. */
import { CHALLENGE_MS, newChallenge, type Presented } from '../credentials/passkey.ts';
import { hashOfLinkSecret } from '../crypto/token.ts';
import type { OncePurpose, OnceRef } from '../model/once.ts';
import { takeOne } from './attempts.ts';
import type { Parts } from './parts.ts';

type Ceremony = Extract<OncePurpose, `passkey-${string}`>;

/** Whoever asks for one leaves a row for five minutes. */
const CHALLENGES_PER_NETWORK = { limit: 600, windowMs: 60_000 };

/**
 * Makes one. What it is `boundTo` (a session, a ticket, a browser) has to be shown with it; `data` is kept with it until then. Throws
 * `too_many_attempts`.
 */
export async function issueChallenge(
  parts: Parts,
  ceremony: Ceremony,
  {
    boundTo,
    network,
    data = '',
  }: { readonly boundTo: string; readonly network: string | null; readonly data?: string },
): Promise<string> {
  if (network !== null && parts.settings.attempts !== 'off') {
    await takeOne(parts, 'challenges', network, CHALLENGES_PER_NETWORK);
  }
  const challenge = newChallenge();
  await parts.store.once.put({ ...refOf(ceremony, challenge, boundTo), lifetimeMs: CHALLENGE_MS, data });
  return challenge;
}

/** The challenge that was answered, to be spent; null where it is not good, or was not made for any of these. */
export async function answeredChallenge(
  parts: Parts,
  ceremony: Ceremony,
  { presented, boundTo }: { readonly presented: Presented; readonly boundTo: readonly string[] },
): Promise<OnceRef | null> {
  for (const bound of boundTo) {
    const ref = refOf(ceremony, presented.challenge, bound);
    if ((await parts.store.once.peek(ref)) !== null) return ref;
  }
  return null;
}

function refOf(purpose: Ceremony, challenge: string, boundTo: string): OnceRef {
  return { purpose, hash: hashOfLinkSecret(purpose, `${challenge} ${boundTo}`) };
}
