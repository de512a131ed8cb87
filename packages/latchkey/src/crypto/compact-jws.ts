/** Signed JSON as it comes in a header: one JWS (RFC 7515) in its compact form. What it must say, and by whom it is signed, is others' to know. */

export type Members = Readonly<Record<string, unknown>>;

export type Jws = {
  /** base64url, as they came. */
  readonly header: string;
  readonly payload: string;
  /** What was signed. */
  readonly signed: Buffer;
  readonly signature: Buffer;
};

const FORM = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** The parts of one JWS (RFC 7515, 7.1); null for what is none, or has more letters than one need have. */
export function jwsIn(text: string, most: number): Jws | null {
  if (text.length > most) return null;
  const [, header, payload, signature] = FORM.exec(text) ?? [];
  if (header === undefined || payload === undefined || signature === undefined) return null;
  const signed = Buffer.from(`${header}.${payload}`, 'latin1');
  return { header, payload, signed, signature: Buffer.from(signature, 'base64url') };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON object that a part holds, or null. */
export function objectIn(encoded: string): Members | null {
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(encoded, 'base64url')));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
