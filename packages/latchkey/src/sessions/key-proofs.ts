/** Whether whoever shows a token, or asks for one, has the key that it is bound to: proofs of possession against what was seen before. */
import type { DeviceProofFlaw } from '../credentials/dbsc.ts';
import { PROOF_PAST_S, type ProofFlaw, type Proven, proofReader } from '../credentials/dpop.ts';
import { NONCE_EPOCH_MS, type NoncePurpose, proofNonces } from '../credentials/dpop-nonces.ts';
import type { Keys } from '../crypto/keys.ts';
import type { Settings } from '../model/settings.ts';
import type { Store } from '../stores/store.ts';

/** A request, as far as a proof speaks of it. */
export type ProofRequest = {
  /** What the header `DPoP` holds; null where there is none. */
  readonly proof: string | null;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
};

export type ProofOutcome =
  /** `nonce` is a new one to be given to the client; null where it need not be. */
  | { readonly isGood: true; readonly thumbprint: string; readonly nonce: string | null }
  /** `nonce` is what the next proof must have in it; null where that is not what was wrong. */
  | { readonly isGood: false; readonly flaw: ProofFlaw; readonly nonce: string | null };

export type KeyProofs = {
  /** By whoever asks to come in: which key they have. Before a good proof leaves a row, `counted` may throw. */
  atSignIn(request: ProofRequest, counted: () => Promise<void>): Promise<ProofOutcome>;
  /** By whoever shows the token of a session that is bound. `isChange` where it is more than looking. */
  ofSession(
    request: ProofRequest & { readonly token: string; readonly thumbprint: string; readonly isChange: boolean },
  ): Promise<ProofOutcome>;
  /** What proofs of requests are to have in them from now on; null where they need nothing. */
  nonce(): string | null;
  /** Notes that somebody showed the token of a bound session without its key. */
  noteMisuse(): void;
  figures(): KeyProofFigures;
};

export type KeyProofFigures = {
  /** How many proofs were no good, by what was wrong with them. */
  readonly refused: ReadonlyMap<ProofFlaw, number>;
  /** How often a bound token came without its key. */
  readonly misuses: number;
};

/** A node may be so much behind another, and takes a proof for as much longer. */
export const CLOCKS_APART_MS = 60_000;

export function keyProofs({
  settings,
  keys,
  store,
  clock,
}: {
  readonly settings: Settings;
  readonly keys: Keys;
  readonly store: Pick<Store, 'marks'>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}): KeyProofs {
  const { origin, boundKeys } = settings;
  const reader = proofReader();
  const nonces = boundKeys.replay === 'jti' ? null : proofNonces(keys);
  const refused = new Map<ProofFlaw, number>();
  let misuses = 0;

  const refuse = (flaw: ProofFlaw, nonce: string | null): ProofOutcome => {
    refused.set(flaw, (refused.get(flaw) ?? 0) + 1);
    return { isGood: false, flaw, nonce };
  };

  /** For as long as some node might take it, it is not taken again. */
  const isFirst = async ({ mark, nonce, madeAt }: Proven, now: number): Promise<boolean> => {
    const until =
      nonces !== null && nonce !== null
        ? nonces.goodUntil(nonce) + NONCE_EPOCH_MS
        : (madeAt + PROOF_PAST_S + 1) * 1000 + CLOCKS_APART_MS;
    return await store.marks.add({ hash: mark, lifetimeMs: Math.max(1, Math.ceil(until - now)) });
  };

  const check = async (
    { proof, method, path }: ProofRequest,
    purpose: NoncePurpose,
    bound: { readonly token: string; readonly thumbprint: string } | null,
    /** Called before it is kept as seen; null where it is not. */
    counted: (() => Promise<void>) | null,
  ): Promise<ProofOutcome> => {
    const now = clock();
    const isNonce = nonces === null ? null : (nonce: string) => nonces.isGood(purpose, nonce, now);
    const read = reader.read(proof, { method, url: origin + path, bound, now, isNonce });
    const current = nonces === null ? null : nonces.current(purpose, now);
    if ('flaw' in read) return refuse(read.flaw, isOfNonce(read.flaw) ? current : null);
    await counted?.();
    if (counted !== null && !(await isFirst(read, now))) return refuse('replayed', null);
    return { isGood: true, thumbprint: read.thumbprint, nonce: read.nonce === current ? null : current };
  };

  return {
    atSignIn: (request, counted) => check(request, 'sign-in', null, counted),
    ofSession: ({ isChange, ...request }) =>
      check(request, 'request', request, isChange || boundKeys.replay !== 'nonce' ? uncounted : null),
    nonce: () => nonces?.current('request', clock()) ?? null,
    noteMisuse: () => void misuses++,
    figures: () => ({ refused, misuses }),
  };
}

/** Whoever has the token of a session is known. */
const uncounted = async (): Promise<void> => undefined;

/** Is it the nonce alone that is wrong, as with every client that has none yet? */
function isOfNonce(flaw: ProofFlaw): boolean {
  return flaw === 'nonce_missing' || flaw === 'nonce_void';
}

/**
 * Does this tell that the key was not there? Whatever has been signed by it and is wrong otherwise may be the holder's own mistake:
 * a proof sent twice, or made for another address.
 */
export function isOfKey(flaw: ProofFlaw | DeviceProofFlaw): boolean {
  return ['missing', 'form', 'type', 'algorithm', 'key', 'other_key', 'signature', 'expired'].includes(flaw);
}
