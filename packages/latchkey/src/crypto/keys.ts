import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/**
 * Everything that is signed or sealed, from one root secret: a key of its own for each purpose (HKDF-SHA-256, RFC 5869).
 * Several secrets may be given, the newest first: it signs and seals, the others still verify and open.
 */
export type Keys = {
  /** A signature of `text`, 43 letters (HMAC-SHA-256, base64url). */
  sign(purpose: string, text: string): string;
  isSignature(purpose: string, text: string, signature: string): boolean;
  /** Seals text for storage (AES-256-GCM, random nonce); it opens only for the same purpose. */
  seal(purpose: string, text: string): Uint8Array;
  /** Throws where the bytes were not sealed for this purpose by one of the secrets. */
  open(purpose: string, sealed: Uint8Array): string;
  /** A stable name for a private value (an address, an e-mail), so that it can be counted without being kept. */
  pseudonym(purpose: string, text: string): string;
};

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Fewest letters that a root secret must have. */
export const MIN_SECRET_LENGTH = 32;

export function newRootSecret(): string {
  return randomBytes(32).toString('base64url');
}

type Ring = { readonly newest: Buffer; readonly all: readonly Buffer[] };

export function keysFrom(secrets: readonly [string, ...string[]]): Keys {
  const rings = new Map<string, Ring>();

  const ringFor = (purpose: string): Ring => {
    const known = rings.get(purpose);
    if (known !== undefined) return known;
    const derive = (secret: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `latchkey ${purpose}`, 32));
    const ring = { newest: derive(secrets[0]), all: secrets.map(derive) };
    rings.set(purpose, ring);
    return ring;
  };

  return {
    sign: (purpose, text) => mac(ringFor(`sign ${purpose}`).newest, text).toString('base64url'),
    isSignature(purpose, text, signature) {
      const presented = Buffer.from(signature, 'base64url');
      return ringFor(`sign ${purpose}`).all.some((key) => {
        const right = mac(key, text);
        return right.length === presented.length && timingSafeEqual(right, presented);
      });
    },
    seal(purpose, text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', ringFor(`seal ${purpose}`).newest, nonce);
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(purpose, sealed) {
      for (const key of ringFor(`seal ${purpose}`).all) {
        const text = tryOpen(key, sealed);
        if (text !== null) return text;
      }
      throw new Error(
        `What was sealed for “${purpose}” does not open: was LATCHKEY_SECRET changed without keeping the old one beside it?`,
      );
    },
    pseudonym: (purpose, text) =>
      mac(ringFor(`name ${purpose}`).newest, text)
        .toString('base64url')
        .slice(0, 22),
  };
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function tryOpen(key: Buffer, sealed: Uint8Array): string | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return (
      decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES), undefined, 'utf8') +
      decipher.final('utf8')
    );
  } catch {
    return null;
  }
}

/** A short name for a set of settings, so that two nodes can tell whether they follow one rule. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
