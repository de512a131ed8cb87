import { randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const DIGITS = new Uint8Array(128);
for (const [digit, letter] of [...ALPHABET].entries()) DIGITS[letter.charCodeAt(0)] = digit;

/** The largest multiple of 62 that fits a byte: bytes at or above it are thrown away, so that every letter is as likely. */
const FAIR = 248;

const pool = Buffer.allocUnsafe(4096);
let used = pool.length;

function randomByte(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  pool[used] = 0;
  used++;
  return byte;
}

/** `length` letters from the system's generator; 43 of them carry 256 bits. */
export function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    const byte = randomByte();
    if (byte < FAIR) text += ALPHABET[byte % 62];
  }
  return text;
}

/** A safe non-negative integer in base 62, the most significant letter first, padded to `width`. */
export function toBase62(value: number, width = 1): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = ALPHABET[rest % 62] + text;
  return text.padStart(width, '0');
}

/** The number that the letters from `start` on stand for. Anything but letters of base 62 stands for nothing in particular. */
export function fromBase62(text: string, start = 0, end = text.length): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 62 + (DIGITS[text.charCodeAt(at)] ?? 0);
  return value;
}
