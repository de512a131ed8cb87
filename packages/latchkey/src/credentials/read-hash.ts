/** What the readers of stored hashes have in common: what they answer with, and what is too costly to compute. */
import { timingSafeEqual } from 'node:crypto';

/** A hash as read from the store: its scheme with its cost, and how a password is held against it. */
export type ReadHash = {
  readonly scheme: string;
  /** Whether passwords are normalised (NFC) before they are held against it: only where this server wrote the hash. */
  readonly isOurs: boolean;
  /** Where Django cannot read it: who may go back there wants it renewed. */
  readonly isUnknownToDjango?: true;
  matches(password: string): Promise<boolean>;
  /** Whether it says of the whole of a password that it is right; where it is not there, of any. */
  readonly holdsWhole?: (password: string) => boolean;
};

/** Nothing costlier than this is computed, whatever a stored string says. */
export const CEILING = {
  memoryCost: 262_144,
  timeCost: 10,
  parallelism: 16,
  iterations: 2_000_000,
  /** 128 bytes of memory each. */
  scryptBlocks: 131_072 * 8,
  /** 2^14 rounds are about a second. */
  bcryptCost: 14,
  digestBytes: 64,
} as const;

/** Shorter ones prove too little, and one of no bytes at all would be right for every password. */
export const LEAST_DIGEST_BYTES = 16;

/** The bytes that base64 stands for; null for what is none, and for fewer or more than that. */
export function bytesOf(encoded: string, least: number): Buffer | null {
  const bytes = Buffer.from(encoded, 'base64');
  const isWhole = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  return isWhole && bytes.length >= least && bytes.length <= CEILING.digestBytes ? bytes : null;
}

export function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
