/**
 * Nonces for proofs of possession (RFC 9449, 8 and 9): the server's time, signed, so that a proof cannot be made for later. Nothing
 * is kept: all nodes make the same ones, from the root secret.
 */
import type { Keys } from '../crypto/keys.ts';

/** What a nonce is for: one that was given to somebody who signs in is none for a request, and the other way round. */
export type NoncePurpose = 'sign-in' | 'request';

export type Nonces = {
  current(purpose: NoncePurpose, now: number): string;
  isGood(purpose: NoncePurpose, nonce: string, now: number): boolean;
  /** Until when one that is good may be taken by some node: milliseconds since 1970. */
  goodUntil(nonce: string): number;
};

/** Each is given out for so long, and good for as long again. */
export const NONCE_EPOCH_MS = 180_000;

const FORM = /^([0-9a-z]{1,9})\.([\w-]{43})$/;

export function proofNonces(keys: Keys): Nonces {
  /** Those that were found good, which are few; it begins anew before it could be many. */
  const known = new Map<string, number>();

  const make = (purpose: NoncePurpose, epoch: number): string =>
    `${epoch.toString(36)}.${keys.sign(`dpop ${purpose}`, String(epoch))}`;

  const epochIn = (purpose: NoncePurpose, nonce: string): number | null => {
    const name = `${purpose} ${nonce}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const [, written = '', signature = ''] = FORM.exec(nonce) ?? [];
    const epoch = Number.parseInt(written, 36);
    if (written !== epoch.toString(36) || !keys.isSignature(`dpop ${purpose}`, String(epoch), signature)) return null;
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, epoch);
    return epoch;
  };

  let latest: Readonly<Record<NoncePurpose, string>> & { readonly epoch: number } = {
    epoch: Number.NaN,
    'sign-in': '',
    request: '',
  };

  return {
    current(purpose, now) {
      const epoch = epochAt(now);
      if (latest.epoch !== epoch)
        latest = { epoch, 'sign-in': make('sign-in', epoch), request: make('request', epoch) };
      return latest[purpose];
    },
    isGood(purpose, nonce, now) {
      const epoch = epochIn(purpose, nonce);
      // One that is ahead comes from a node whose clock is.
      return epoch !== null && Math.abs(epochAt(now) - epoch) <= 1;
    },
    goodUntil: (nonce) => (Number.parseInt(nonce, 36) + 2) * NONCE_EPOCH_MS,
  };
}

const MOST_KNOWN = 64;

function epochAt(now: number): number {
  return Math.floor(now / NONCE_EPOCH_MS);
}
