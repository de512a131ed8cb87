/** What we show a provider so that it knows us: a secret, or one that a key of ours signs for a few minutes. */
import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { SocialProvider } from '../../model/social.ts';
import { secondsNow } from './provider-time.ts';

const APPLE = 'https://appleid.apple.com';
const LIFETIME_SECONDS = 600;
const CLOCKS_APART_SECONDS = 60;

/** The key of a provider that wants signed secrets. Throws where it is none, or not of the curve that Apple takes. */
export function signingKey(privateKey: string): KeyObject {
  const key = createPrivateKey(privateKey.replaceAll('\\n', '\n'));
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('the key is no P-256 key');
  }
  return key;
}

/** The text of our secret; `''` where there is none. A signed one is a JSON web token by ES256, as Apple documents it. */
export function secretText({ clientId, secret }: Pick<SocialProvider, 'clientId' | 'secret'>): string {
  const given = secret();
  if (given.kind === 'none') return '';
  if (given.kind === 'text') return given.text;
  const issuedAt = secondsNow() - CLOCKS_APART_SECONDS;
  const header = { alg: 'ES256', kid: given.keyId };
  const times = { iat: issuedAt, exp: issuedAt + LIFETIME_SECONDS };
  const signed = [header, { iss: given.teamId, ...times, aud: APPLE, sub: clientId }].map(encoded).join('.');
  const signature = sign('sha256', Buffer.from(signed), {
    key: signingKey(given.privateKey),
    dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${signature.toString('base64url')}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** A token under our secret, by which Facebook's API knows that it is us who hold it. */
export function proofOfSecret(secret: string, token: string): string {
  return createHmac('sha256', secret).update(token).digest('hex');
}

/**
 * Id and secret in a header (RFC 6749, 2.3.1), encoded as forms are. The library encodes `-` and `_` as well, and some providers
 * do not undo that.
 */
export function basicOf(clientId: string, secret: string): string {
  const [id, text] = [clientId, secret].map((part) => new URLSearchParams({ part }).toString().slice('part='.length));
  return `Basic ${Buffer.from(`${id}:${text}`).toString('base64')}`;
}
