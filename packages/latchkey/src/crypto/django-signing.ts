/** What Django signs with its `SECRET_KEY` (3.1 and later): `django.utils.crypto.salted_hmac` and `django.core.signing`. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { inflateSync } from 'node:zlib';

/** HMAC-SHA-256 under a key of its own for each salt, made of that and the secret. */
export function saltedHmac(salt: string, value: string, secret: string): Buffer {
  const key = createHash('sha256')
    .update(salt + secret)
    .digest();
  return createHmac('sha256', key).update(value).digest();
}

/** Whether two texts are one, in a time that says nothing of where they differ. */
export function isSameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const SIGNED = /^(\.?)([\w-]+={0,2}):([0-9A-Za-z]{1,11}):([\w-]{43})$/;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Longest text that what is signed may come to: it is unpacked only after its signature was right, and no further. */
const LONGEST = 1_048_576;

export type Signed = {
  /** What the JSON in it stands for. */
  readonly value: unknown;
  /** Milliseconds since 1970. */
  readonly signedAt: number;
};

/** Reads what `signing.dumps` has made with a salt; null where the signature is another's, and for what is no JSON. */
export function readSigned(text: string, salt: string, secret: string): Signed | null {
  const [, packed, body, time = '', signature] = SIGNED.exec(text) ?? [];
  if (body === undefined || signature === undefined) return null;
  const right = saltedHmac(`${salt}signer`, `${packed}${body}:${time}`, secret).toString('base64url');
  if (!isSameText(right, signature)) return null;
  const seconds = [...time].reduce((sum, letter) => sum * BASE62.length + BASE62.indexOf(letter), 0);
  try {
    const bytes = Buffer.from(body, 'base64url');
    const json = packed === '.' ? inflateSync(bytes, { maxOutputLength: LONGEST }) : bytes;
    return { value: JSON.parse(json.toString('utf8')), signedAt: seconds * 1000 };
  } catch {
    return null;
  }
}
