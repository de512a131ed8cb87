/** Proofs of possession made by hand, right and wrong: on `node:crypto` alone, and on nothing of what checks them. */
import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';

export type Jwk = Readonly<Record<string, unknown>>;

export type Key = { readonly alg: 'ES256' | 'EdDSA' | 'Ed25519'; readonly jwk: Jwk; readonly privateKey: KeyObject };

export function newKey(alg: Key['alg'] = 'ES256'): Key {
  const { publicKey, privateKey } =
    alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return { alg, jwk: publicKey.export({ format: 'jwk' }) as Jwk, privateKey };
}

/** RFC 7638. */
export function thumbprintOf({ jwk: { crv, kty, x, y } }: Key): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv, kty, x, ...(y !== undefined && { y }) }))
    .digest('base64url');
}

export function athOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** What a proof is made of. A member of `header` or `payload` that is `undefined` is left out. */
export type Made = {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Of what was signed; the right one where it is not given. */
  readonly signature?: (signed: Buffer, right: Buffer) => Buffer;
  readonly signedBy?: Key;
};

export function encoded(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

export function signatureOf({ alg, privateKey }: Key, signed: Buffer): Buffer {
  return alg === 'ES256'
    ? sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    : sign(null, signed, privateKey);
}

export function hmacOf(secret: string, signed: Buffer): Buffer {
  return createHmac('sha256', secret).update(signed).digest();
}

/** A proof as RFC 9449, 4.2 has it, but for what is given. */
export function proofOf(key: Key, { header, payload, signature, signedBy = key }: Made): string {
  const head = encoded({ typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header });
  const body = encoded({ jti: randomUUID(), ...payload });
  const signed = Buffer.from(`${head}.${body}`);
  const right = signatureOf(signedBy, signed);
  return `${head}.${body}.${(signature?.(signed, right) ?? right).toString('base64url')}`;
}
