/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): Node has all of it but the step that makes a key of a longer nonce. */
import { createDecipheriv } from 'node:crypto';

const [NONCE_BYTES, TAG_BYTES, KEY_BYTES] = [24, 16, 32];

/** “expand 32-byte k”, as four little-endian words. */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/** Columns and diagonals of the state, as the quarter rounds of RFC 8439 (2.3) take them. */
const QUARTERS = [
  ...[[0, 4, 8, 12] as const, [1, 5, 9, 13] as const, [2, 6, 10, 14] as const, [3, 7, 11, 15] as const],
  ...[[0, 5, 10, 15] as const, [1, 6, 11, 12] as const, [2, 7, 8, 13] as const, [3, 4, 9, 14] as const],
];

/** By how many bits the second and the fourth word turn, in each half of a quarter round. */
const HALVES = [[16, 12] as const, [8, 7] as const];

/** The key that belongs to the first 16 bytes of a nonce (2.2). */
export function hchacha20(key: Uint8Array, nonce: Uint8Array): Buffer {
  const given = Buffer.concat([key, nonce.subarray(0, 16)]);
  const state = Uint32Array.from([...CONSTANTS, ...Array.from({ length: 12 }, (_, at) => given.readUInt32LE(at * 4))]);
  for (let round = 0; round < 10; round++) for (const quarter of QUARTERS) quarterRound(state, quarter);
  const derived = Buffer.alloc(KEY_BYTES);
  for (let at = 0; at < 4; at++) {
    derived.writeUInt32LE(state[at] ?? 0, at * 4);
    derived.writeUInt32LE(state[12 + at] ?? 0, 16 + at * 4);
  }
  return derived;
}

function quarterRound(state: Uint32Array, [a, b, c, d]: readonly [number, number, number, number]): void {
  const word = (at: number): number => state[at] ?? 0;
  for (const [far, near] of HALVES) {
    state[a] = word(a) + word(b);
    state[d] = turned(word(d) ^ word(a), far);
    state[c] = word(c) + word(d);
    state[b] = turned(word(b) ^ word(c), near);
  }
}

function turned(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Opens what was sealed as nonce, text and tag in a row; null where it does not open. */
export function openXChaCha(key: Uint8Array, sealed: Uint8Array): Buffer | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const short = Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]);
  const decipher = createDecipheriv('chacha20-poly1305', hchacha20(key, nonce), short, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return null;
  }
}
