/**
 * The hashes that are verified: our own, and those that Django wrote. Each describes itself, so that its cost can be judged
 * before anything is computed.
 */
import { createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import type { PasswordHash } from '../model/password.ts';

/** A hash as read from the store: its scheme with its cost, and how a password is held against it. */
export type ReadHash = {
  readonly scheme: string;
  /** Whether passwords are normalised (NFC) before they are held against it: only where this server wrote the hash. */
  readonly isOurs: boolean;
  matches(password: string): Promise<boolean>;
};

/** OWASP's floor for Argon2id: 19 MiB, two passes, one lane; 16 bytes of salt, 32 of hash. */
export const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Nothing costlier than this is computed, whatever a stored string says. */
const CEILING = {
  memoryCost: 262_144,
  timeCost: 10,
  parallelism: 16,
  iterations: 2_000_000,
  scryptN: 131_072,
  digestBytes: 64,
} as const;

/** Shorter ones prove too little, and one of no bytes at all would be right for every password. */
const LEAST_DIGEST_BYTES = 16;

const LEAST_ARGON2_SALT_BYTES = 8;

export const OUR_SCHEME = `argon2id$m=${ARGON2.memoryCost},t=${ARGON2.timeCost},p=${ARGON2.parallelism}`;

export async function writeArgon2id(password: string): Promise<PasswordHash> {
  return { hash: await argon2Hash(password, ARGON2), scheme: OUR_SCHEME };
}

/** A hash that costs nothing, for tests that are about something else. Refused in production. */
export function writeCheap(password: string): PasswordHash {
  const salt = randomBytes(8).toString('base64url');
  return { hash: `cheap$${salt}$${cheapDigest(salt, password)}`, scheme: 'cheap' };
}

function cheapDigest(salt: string, password: string): string {
  return createHash('sha256').update(`${salt}$${password}`).digest('base64url');
}

const readers: readonly ((stored: string) => ReadHash | null)[] = [readArgon2, readPbkdf2, readScrypt];

/** What a stored string is, or null for one that nothing matches: unusable, malformed, unknown or absurdly costly. */
export function readHash(stored: string): ReadHash | null {
  for (const read of readers) {
    const known = read(stored);
    if (known !== null) return known;
  }
  return null;
}

/** The bytes that base64 stands for; null for what is none, and for fewer or more than that. */
function bytesOf(encoded: string, least: number): Buffer | null {
  const bytes = Buffer.from(encoded, 'base64');
  const isWhole = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  return isWhole && bytes.length >= least && bytes.length <= CEILING.digestBytes ? bytes : null;
}

const ARGON2_PHC = /^(argon2)?(\$argon2(?:id|i|d)\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$([^$=]+)\$([^$=]+))$/;

/** Our own PHC strings, and Django's, which have `argon2` before them. */
function readArgon2(stored: string): ReadHash | null {
  const [, django, phc, memory, time, lanes, salt, digest] = ARGON2_PHC.exec(stored) ?? [];
  if (phc === undefined || salt === undefined || digest === undefined) return null;
  if (bytesOf(salt, LEAST_ARGON2_SALT_BYTES) === null || bytesOf(digest, LEAST_DIGEST_BYTES) === null) return null;
  const [memoryCost, timeCost, parallelism] = [Number(memory), Number(time), Number(lanes)];
  if (timeCost < 1 || parallelism < 1 || memoryCost < 8 * parallelism) return null;
  if (memoryCost > CEILING.memoryCost || timeCost > CEILING.timeCost || parallelism > CEILING.parallelism) return null;
  const isOurs = django === undefined;
  const variant = phc.slice(1, phc.indexOf('$', 1));
  return {
    scheme: `${isOurs ? '' : 'django '}${variant}$m=${memoryCost},t=${timeCost},p=${parallelism}`,
    isOurs,
    matches: (password) => argon2Verify(phc, password),
  };
}

const PBKDF2 = /^pbkdf2_(sha256|sha1)\$(\d{1,9})\$([^$]+)\$([A-Za-z0-9+/]+=*)$/;
const pbkdf2Async = promisify(pbkdf2);

function readPbkdf2(stored: string): ReadHash | null {
  const [, digest, rounds, salt, encoded] = PBKDF2.exec(stored) ?? [];
  if (digest === undefined || salt === undefined || encoded === undefined) return null;
  const iterations = Number(rounds);
  const right = bytesOf(encoded, LEAST_DIGEST_BYTES);
  if (right === null || iterations < 1 || iterations > CEILING.iterations) return null;
  return {
    scheme: `pbkdf2_${digest}$${iterations}`,
    isOurs: false,
    matches: async (password) => isSame(await pbkdf2Async(password, salt, iterations, right.length, digest), right),
  };
}

const SCRYPT = /^scrypt\$(\d{1,9})\$([^$]+)\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/]+=*)$/;

function readScrypt(stored: string): ReadHash | null {
  const [, workFactor, salt, blockSize, lanes, encoded] = SCRYPT.exec(stored) ?? [];
  if (salt === undefined || encoded === undefined) return null;
  const cost = { N: Number(workFactor), r: Number(blockSize), p: Number(lanes) };
  if (cost.N > CEILING.scryptN || cost.r > 8 || cost.p > CEILING.parallelism) return null;
  const isCost = cost.N >= 2 && Number.isInteger(Math.log2(cost.N)) && cost.r >= 1 && cost.p >= 1;
  const right = bytesOf(encoded, LEAST_DIGEST_BYTES);
  if (!isCost || right === null) return null;
  const options = { ...cost, maxmem: 256 * cost.N * cost.r };
  return {
    scheme: `scrypt$N=${cost.N},r=${cost.r},p=${cost.p}`,
    isOurs: false,
    matches: (password) =>
      new Promise((resolve, reject) => {
        scrypt(password, salt, right.length, options, (error, key) => {
          if (error === null) resolve(isSame(key, right));
          else reject(error);
        });
      }),
  };
}

/** Read only where such hashes are written: one that a test left behind lets nobody in elsewhere. */
export function readCheap(stored: string): ReadHash | null {
  const [, salt, digest] = /^cheap\$([\w-]+)\$([\w-]+)$/.exec(stored) ?? [];
  if (salt === undefined || digest === undefined) return null;
  return { scheme: 'cheap', isOurs: true, matches: async (password) => cheapDigest(salt, password) === digest };
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
