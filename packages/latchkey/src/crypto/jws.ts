/** Signatures in their compact form (JWS, RFC 7515), for the algorithms that are configured: nothing that a token says of itself is believed. */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { type Jws, jwsIn, type Members, objectIn } from './compact-jws.ts';

/** RFC 7518, 3.1, and RFC 8037, 3.1. */
export type JwsAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

/** A key that checks signatures by one algorithm and no other. */
export type JwsKey = {
  readonly algorithm: JwsAlgorithm;
  /** Its name in headers (`kid`); null for one that has none. */
  readonly id: string | null;
  /** Of a pair the public half. */
  readonly check: KeyObject;
};

/** A key that signs, too. */
export type JwsSigningKey = JwsKey & { readonly sign: KeyObject };

/** Longer than any token of ours, and short enough that rubbish costs little. */
const LONGEST = 8_192;

/** The parts of a token; null for what is none: each is base64url in its one form, so that no token can be written in two ways. */
export function jwsParts(token: string): Jws | null {
  const parts = jwsIn(token, LONGEST);
  return parts !== null && token.endsWith(`.${parts.signature.toString('base64url')}`) ? parts : null;
}

/** The only header that a token of this type by this key has, as it stands in the token: it is compared as text, and never parsed. */
export function jwsHeader({ algorithm, id }: Pick<JwsKey, 'algorithm' | 'id'>, type: string): string {
  return base64url({ alg: algorithm, typ: type, ...(id !== null && { kid: id }) });
}

export function signJws(key: JwsSigningKey, type: string, payload: object): string {
  const signed = `${jwsHeader(key, type)}.${base64url(payload)}`;
  return `${signed}.${signatureOf(key, Buffer.from(signed, 'latin1')).toString('base64url')}`;
}

/** Was it signed by this key? Whose header it has is to be seen to before. */
export function isSignedBy(key: JwsKey, { signed: data, signature }: Pick<Jws, 'signed' | 'signature'>): boolean {
  switch (key.algorithm) {
    case 'HS256': {
      const right = createHmac('sha256', key.check).update(data).digest();
      return right.length === signature.length && timingSafeEqual(right, signature);
    }
    case 'RS256':
      return verify('sha256', data, key.check, signature);
    case 'ES256':
      return verify('sha256', data, { key: key.check, dsaEncoding: 'ieee-p1363' }, signature);
    case 'EdDSA':
      return verify(null, data, key.check, signature);
  }
}

function signatureOf({ algorithm, sign: key }: JwsSigningKey, data: Buffer): Buffer {
  switch (algorithm) {
    case 'HS256':
      return createHmac('sha256', key).update(data).digest();
    case 'RS256':
      return sign('sha256', data, key);
    case 'ES256':
      return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
    case 'EdDSA':
      return sign(null, data, key);
  }
}

/** What a payload says; null where it is no JSON object. To be asked of what was signed alone. */
export function payloadOf({ payload }: Pick<Jws, 'payload'>): Members | null {
  return objectIn(payload);
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export type AsymmetricAlgorithm = Exclude<JwsAlgorithm, 'HS256'>;

const RSA_BITS = 3072;

/** A new private key, as PKCS #8 in PEM. */
export async function newPrivateKey(algorithm: AsymmetricAlgorithm): Promise<string> {
  const { privateKey } = await pairFor(algorithm);
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function pairFor(algorithm: AsymmetricAlgorithm): Promise<{ readonly privateKey: KeyObject }> {
  switch (algorithm) {
    case 'RS256':
      return await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
    case 'ES256':
      return await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return await promisify(generateKeyPair)('ed25519');
  }
}

export function signingKeyFrom(algorithm: AsymmetricAlgorithm, id: string, pem: string): JwsSigningKey {
  const key = createPrivateKey(pem);
  return { algorithm, id, sign: key, check: createPublicKey(key) };
}

export function sharedKeyFrom(secret: string): JwsSigningKey {
  const key = createSecretKey(Buffer.from(secret, 'utf8'));
  return { algorithm: 'HS256', id: null, sign: key, check: key };
}

/** The public half of a key, as others read it (JWK, RFC 7517). */
export function publicJwk({ algorithm, id, check }: JwsKey): Readonly<Record<string, unknown>> {
  return { ...check.export({ format: 'jwk' }), alg: algorithm, use: 'sig', kid: id };
}

const CURVES: Readonly<Record<string, AsymmetricAlgorithm>> = {
  'RSA ': 'RS256',
  'EC P-256': 'ES256',
  'OKP Ed25519': 'EdDSA',
};

/** Fewest bits that a modulus of RSA has (RFC 7518, 3.3). */
const LEAST_RSA_BITS = 2048;

/** A key by what it is, whatever it says that it is for; null for one that none of these algorithms takes. */
export function publicKeyFrom(key: KeyObject, id: string | null): JwsKey | null {
  const { kty = '', crv = '' } = key.export({ format: 'jwk' });
  const algorithm = CURVES[`${kty} ${crv}`];
  if (algorithm === undefined) return null;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (algorithm === 'RS256' && (bits === undefined || bits < LEAST_RSA_BITS)) return null;
  return { algorithm, id, check: key };
}

/** The same of a JWK; null, too, for what is none, for one that is private, and for one whose `alg` is another. */
export function keyFromJwk(jwk: Readonly<Record<string, unknown>>): JwsKey | null {
  const { kid, alg, use } = jwk;
  if (typeof kid !== 'string' || 'd' in jwk || 'k' in jwk || (use !== undefined && use !== 'sig')) return null;
  try {
    const key = publicKeyFrom(createPublicKey({ key: jwk, format: 'jwk' }), kid);
    return key !== null && key.algorithm === alg ? key : null;
  } catch {
    return null;
  }
}
