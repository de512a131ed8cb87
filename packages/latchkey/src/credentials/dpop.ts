/**
 * Proofs of possession (DPoP, RFC 9449): with each request the holder of a key signs what is asked for. All but what was shown
 * before is looked at here, the cheapest first (4.3); the time, and which nonces are good, is told.
 */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { isObject, type Jws, jwsIn, type Members, objectIn } from '../crypto/compact-jws.ts';

/** More letters than any proof has. */
const LONGEST = 4096;

/** What is wrong with a proof. For the operator: whoever sent it is told that it is no good. */
export type ProofFlaw =
  | 'missing'
  /** Not one JWS of a bounded length (RFC 7515, 7.1) with JSON in it; or several. */
  | 'form'
  | 'type'
  | 'algorithm'
  /** No public key, or more than one. */
  | 'key'
  /** Not the key that the session is bound to. */
  | 'other_key'
  | 'method'
  | 'url'
  | 'time'
  | 'id'
  /** Made for another token. */
  | 'token'
  | 'nonce_missing'
  | 'nonce_void'
  | 'signature'
  | 'replayed';

/** What a request must have a proof of. */
export type Expected = {
  /** In the case in which it came. */
  readonly method: string;
  /** As people reach it, without query and fragment. */
  readonly url: string;
  /** The token that is shown beside it, and the thumbprint that its session is bound to; null where there is none yet. */
  readonly bound: { readonly token: string; readonly thumbprint: string } | null;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether a nonce is good; null where none is asked for. Then the time at which it was made counts. */
  readonly isNonce: ((nonce: string) => boolean) | null;
};

export type Proven = {
  /** Of the key that signed: its JWK thumbprint by SHA-256 (RFC 7638), base64url. */
  readonly thumbprint: string;
  readonly nonce: string | null;
  /** When it says that it was made: seconds since 1970. */
  readonly madeAt: number;
  /** What no other proof has: a hash of its id and its key. */
  readonly mark: Uint8Array;
};

export type ProofReader = {
  read(proof: string | null, expected: Expected): Proven | { readonly flaw: ProofFlaw };
};

/** What a proof may be signed by (RFC 7518, 3.4; RFC 8037; RFC 9864), as `WWW-Authenticate` lists it. */
export const PROOF_ALGORITHMS = 'ES256 EdDSA Ed25519';

export const PROOF_PAST_S = 60;
const PROOF_FUTURE_S = 5;

const LONGEST_ID = 256;

/** The same client sends the same header each time: what was found out about it is kept of so many. */
const HEADERS_KEPT = 1_000;

type Algorithm = {
  readonly kty: string;
  readonly crv: string;
  readonly coordinates: readonly string[];
  readonly digest: string | null;
};

const EDWARDS: Algorithm = { kty: 'OKP', crv: 'Ed25519', coordinates: ['x'], digest: null };
const ALGORITHMS = new Map<unknown, Algorithm>([
  ['ES256', { kty: 'EC', crv: 'P-256', coordinates: ['x', 'y'], digest: 'sha256' }],
  ['EdDSA', EDWARDS],
  ['Ed25519', EDWARDS],
]);

/** Of both: 32 bytes for each of two numbers. */
const SIGNATURE_BYTES = 64;

type Header = { readonly thumbprint: string; readonly key: KeyObject; readonly digest: string | null };

export function proofReader(): ProofReader {
  /** Only those whose key has signed: what was made up drives out nobody. */
  const kept = new Map<string, Header>();

  const keep = (encoded: string, header: Header): void => {
    if (kept.has(encoded)) return;
    const [oldest] = kept.keys();
    if (kept.size >= HEADERS_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(encoded, header);
  };

  return {
    read(proof, expected) {
      if (proof === null) return { flaw: 'missing' };
      // Several headers arrive as one, with commas between.
      const parts = jwsIn(proof, LONGEST);
      if (parts === null) return { flaw: 'form' };
      const header = kept.get(parts.header) ?? headerIn(parts.header);
      if (typeof header === 'string') return { flaw: header };
      const payload = payloadOf(parts, header, expected);
      if (typeof payload === 'string') return { flaw: payload };
      keep(parts.header, header);
      return provenBy(header, payload);
    },
  };
}

/** What was signed, where that is what was expected. */
function payloadOf(parts: Jws, header: Header, expected: Expected): Members | ProofFlaw {
  const { bound } = expected;
  if (bound !== null && header.thumbprint !== bound.thumbprint) return 'other_key';
  const payload = objectIn(parts.payload);
  if (payload === null) return 'form';
  return flawOf(payload, expected) ?? (isSignedBy(header, parts.signed, parts.signature) ? payload : 'signature');
}

function headerIn(encoded: string): Header | ProofFlaw {
  const header = objectIn(encoded);
  if (header === null) return 'form';
  if (header['typ'] !== 'dpop+jwt') return 'type';
  // It names what must be understood (RFC 7515, 4.1.11), and nothing of that is.
  if (header['crit'] !== undefined) return 'form';
  const algorithm = ALGORITHMS.get(header['alg']);
  return algorithm === undefined ? 'algorithm' : (keyIn(header['jwk'], algorithm) ?? 'key');
}

/**
 * A public key of exactly the members that one has: with `d` beside them Node.js takes a private key without a word, and of two
 * ways to write one key each would have a thumbprint of its own.
 */
function keyIn(jwk: unknown, { kty, crv, coordinates, digest }: Algorithm): Header | null {
  if (!isObject(jwk) || jwk['kty'] !== kty || jwk['crv'] !== crv) return null;
  if (Object.keys(jwk).length !== coordinates.length + 2) return null;
  const values = coordinates.map((name) => [name, jwk[name]] as const);
  if (!values.every(([, value]) => isCoordinate(value))) return null;
  const members = { crv, kty, ...Object.fromEntries(values) };
  try {
    const key = createPublicKey({ key: members, format: 'jwk' });
    return { thumbprint: hash('sha256', JSON.stringify(members), 'base64url'), key, digest };
  } catch {
    // No point of the curve.
    return null;
  }
}

function isCoordinate(value: unknown): boolean {
  return (
    typeof value === 'string' && value.length === 43 && Buffer.from(value, 'base64url').toString('base64url') === value
  );
}

function flawOf(payload: Members, { method, url, bound, now, isNonce }: Expected): ProofFlaw | null {
  const { htm, htu, iat, jti, ath, nonce } = payload;
  if (htm !== method) return 'method';
  if (!isSameUrl(htu, url)) return 'url';
  if (typeof iat !== 'number' || !Number.isSafeInteger(iat)) return 'time';
  if (isNonce === null && !isTimely(iat, now)) return 'time';
  if (typeof jti !== 'string' || jti === '' || Buffer.byteLength(jti) > LONGEST_ID) return 'id';
  if (bound !== null && ath !== hash('sha256', bound.token, 'base64url')) return 'token';
  if (isNonce === null) return null;
  if (nonce === undefined) return 'nonce_missing';
  return typeof nonce === 'string' && isNonce(nonce) ? null : 'nonce_void';
}

function isTimely(madeAt: number, now: number): boolean {
  const ageS = Math.floor(now / 1000) - madeAt;
  return ageS <= PROOF_PAST_S && ageS >= -PROOF_FUTURE_S;
}

function isSameUrl(htu: unknown, url: string): boolean {
  if (htu === url) return true;
  const said = typeof htu === 'string' ? normalUrl(htu) : null;
  return said !== null && said === normalUrl(url);
}

/** A URL without query and fragment (RFC 9449, 4.3), in the form that all of its spellings have (RFC 3986, 6.2.2 and 6.2.3); null for none of ours. */
function normalUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, username, password, host, pathname } = new URL(text);
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') return null;
  const path = pathname.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const letter = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[\w.~-]/.test(letter) ? letter : escaped.toUpperCase();
  });
  return `${protocol}//${host}${path}`;
}

function isSignedBy({ key, digest }: Header, signed: Buffer, signature: Buffer): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return verify(digest, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** What has an id that its key gave before is the same proof, whatever else it says. */
function provenBy({ thumbprint }: Header, { jti, iat, nonce }: Members): Proven {
  const mark = hash('sha256', `dpop ${thumbprint} ${jti}`, 'buffer');
  return { thumbprint, madeAt: Number(iat), nonce: typeof nonce === 'string' ? nonce : null, mark };
}
