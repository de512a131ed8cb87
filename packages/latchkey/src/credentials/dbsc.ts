/**
 * Proofs of Device Bound Session Credentials (https://w3c.github.io/webappsec-dbsc/): a browser signs a challenge of ours by a key
 * that does not leave its device. What is here is what a proof says, and by which key; which challenges are good is told elsewhere.
 * The draft moves: what it may come to say beside this is passed over.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isObject, type Jws, jwsIn, type Members, objectIn } from '../crypto/compact-jws.ts';
import type { Binding } from '../model/binding.ts';

/** More letters than any proof has. */
const LONGEST = 4096;

/** What is wrong with a proof, or with the cookie that stands for one. For the operator: whoever sent it is told that it is no good. */
export type DeviceProofFlaw =
  | 'missing'
  | 'form'
  | 'type'
  | 'algorithm'
  /** No public key. */
  | 'key'
  /** Made for another address. */
  | 'url'
  /** Of another session, of none that can be bound, or of one that is bound. */
  | 'session'
  /** None of ours, too old, or made for something else. */
  | 'challenge'
  | 'signature'
  | 'replayed'
  /** Of a cookie: its time is over. */
  | 'expired';

/** The public half of a browser's key, as a session keeps it. */
export type DeviceKey = Pick<Extract<Binding, { readonly kind: 'dbsc' }>, 'key' | 'algorithm'>;

export type DeviceProof = {
  readonly algorithm: string;
  readonly claims: Members;
  /** The key that it brings, as one that binds a session does; null where that is none, or not a public one. */
  key(): DeviceKey | null;
  isSignedBy(key: DeviceKey): boolean;
};

/** What a proof may be signed by (RFC 7518, 3.3 and 3.4), as `Secure-Session-Registration` lists it. */
export const DEVICE_ALGORITHMS = 'ES256 RS256';

type Algorithm = {
  readonly kty: string;
  /** Beside `kty`, in the order in which a key is kept. */
  readonly members: readonly string[];
  readonly isFit: (key: KeyObject, jwk: Members) => boolean;
};

const LEAST_RSA_BITS = 2048;
const MOST_RSA_BITS = 4096;
const RSA_EXPONENT = 65_537n;

const ALGORITHMS = new Map<unknown, Algorithm>([
  ['ES256', { kty: 'EC', members: ['crv', 'x', 'y'], isFit: (_, { crv }) => crv === 'P-256' }],
  [
    'RS256',
    {
      kty: 'RSA',
      members: ['e', 'n'],
      isFit({ asymmetricKeyDetails: { modulusLength = 0, publicExponent } = {} }) {
        return modulusLength >= LEAST_RSA_BITS && modulusLength <= MOST_RSA_BITS && publicExponent === RSA_EXPONENT;
      },
    },
  ],
]);

/** What a private key has, or one that both sides know. Node.js takes the public half of such a key without a word. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Reads `Secure-Session-Response`: bare as browsers send it, or a string as the draft has it (RFC 9651, 3.3.3). */
export function deviceProofIn(header: string | null): DeviceProof | DeviceProofFlaw {
  if (header === null) return 'missing';
  const jws = jwsIn(/^"(.*)"$/.exec(header)?.[1] ?? header, LONGEST);
  const said = jws === null ? null : objectIn(jws.header);
  const claims = jws === null ? null : objectIn(jws.payload);
  // `crit` names what must be understood (RFC 7515, 4.1.11), and nothing of that is.
  if (jws === null || said === null || claims === null || said['crit'] !== undefined) return 'form';
  if (said['typ'] !== 'dbsc+jwt') return 'type';
  const { alg: algorithm } = said;
  if (typeof algorithm !== 'string' || !ALGORITHMS.has(algorithm)) return 'algorithm';
  return {
    algorithm,
    claims,
    // Browsers put it in the header; the draft has had it among the claims.
    key: () => keyIn(said['jwk'] ?? claims['key'], algorithm),
    isSignedBy: (by) => by.algorithm === algorithm && isSignedBy(jws, by),
  };
}

/** Whether a proof was made for an address, as far as it says so: browsers have begun to. */
export function isMadeFor({ claims: { aud } }: DeviceProof, url: string): boolean {
  return aud === undefined || aud === url;
}

function keyIn(jwk: unknown, algorithm: string): DeviceKey | null {
  const known = ALGORITHMS.get(algorithm);
  if (known === undefined || !isObject(jwk) || jwk['kty'] !== known.kty) return null;
  if (PRIVATE.some((name) => jwk[name] !== undefined)) return null;
  const members = Object.fromEntries(['kty', ...known.members].map((name) => [name, jwk[name]]));
  try {
    const key = createPublicKey({ key: members, format: 'jwk' });
    if (!known.isFit(key, members)) return null;
  } catch {
    // No point of the curve, or no text where there must be one.
    return null;
  }
  return { key: JSON.stringify(members), algorithm };
}

function isSignedBy({ signed, signature }: Jws, { key: jwk }: DeviceKey): boolean {
  const key = createPublicKey({ key: JSON.parse(jwk) as Members, format: 'jwk' });
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}
