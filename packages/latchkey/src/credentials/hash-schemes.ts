/**
 * The hashes that are verified: our own, those that Django wrote, and what other systems wrote in a form of their own. Each describes
 * itself, so that its cost can be judged before anything is computed.
 */
import { createHash, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import { OLD_SCHEMES, type OldScheme, type PasswordHash } from '../model/password.ts';
import { bytesOf, CEILING, isSame, LEAST_DIGEST_BYTES, type ReadHash } from './read-hash.ts';
import { readFirebase, readScrypt } from './scrypt-hashes.ts';

/** OWASP's floor for Argon2id: 19 MiB, two passes, one lane; 16 bytes of salt, 32 of hash. */
export const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const LEAST_ARGON2_SALT_BYTES = 8;

export const OUR_SCHEME = `argon2id$m=${ARGON2.memoryCost},t=${ARGON2.timeCost},p=${ARGON2.parallelism}`;

/** Django's own scheme, for who may have to go back to it: as many rounds as OWASP asks for. */
const PBKDF2_ROUNDS = 600_000;

export const PBKDF2_SCHEME = `pbkdf2_sha256$${PBKDF2_ROUNDS}`;

const SALT_LETTERS = 22;

/** As Django writes it (`PBKDF2PasswordHasher`): it can read what is written here. */
export async function writePbkdf2(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_LETTERS).toString('hex').slice(0, SALT_LETTERS);
  const digest = await pbkdf2Async(password, salt, PBKDF2_ROUNDS, 32, 'sha256');
  return { hash: `${PBKDF2_SCHEME}$${salt}$${digest.toString('base64')}`, scheme: PBKDF2_SCHEME };
}

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

const readers: readonly ((stored: string) => ReadHash | null)[] = [
  readArgon2,
  readPbkdf2,
  readScrypt,
  readBcrypt,
  readFirebase,
];

/** What a stored string is, or null for one that nothing matches: unusable, malformed, unknown, absurdly costly, or old and not among `old`. */
export function readHash(stored: string, old: readonly OldScheme[] = []): ReadHash | null {
  for (const read of readers) {
    const known = read(stored);
    if (known !== null) return known;
  }
  const quick = readOld(stored);
  return quick !== null && old.some((scheme) => quick.scheme === scheme) ? quick : null;
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

const BCRYPT = /^bcrypt(_sha256)?\$(\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53})$/;

/** bcrypt looks at no more, and Django cut off what was left. */
const BCRYPT_BYTES = 72;

/** `bcrypt_sha256` is of the password's SHA-256 in hex, so that all of it counts; `bcrypt` is of its first 72 bytes. */
function readBcrypt(stored: string): ReadHash | null {
  const [, isHashed, encoded, cost] = BCRYPT.exec(stored) ?? [];
  if (encoded === undefined || Number(cost) < 4 || Number(cost) > CEILING.bcryptCost) return null;
  const bytesFor = (password: string): Buffer =>
    isHashed === undefined
      ? Buffer.from(password).subarray(0, BCRYPT_BYTES)
      : Buffer.from(createHash('sha256').update(password).digest('hex'));
  return {
    scheme: `bcrypt${isHashed ?? ''}$${Number(cost)}`,
    isOurs: false,
    async matches(password) {
      const bytes = bytesFor(password);
      // Django refuses a NUL, and some implementations end a password at one.
      if (bytes.includes(0)) return false;
      const { verify } = await import('@node-rs/bcrypt');
      return await verify(bytes, encoded);
    },
    holdsWhole: (password) => isHashed !== undefined || Buffer.byteLength(password) <= BCRYPT_BYTES,
  };
}

const SALTED = /^(md5|sha1)\$([^$]+)\$([0-9a-f]+)$/;
const UNSALTED = /^(?:(md5|sha1)\$\$)?([0-9a-f]+)$/;
const HEX_DIGITS = { md5: 32, sha1: 40 } as const;

/** One round of MD5 or SHA-1: `md5$SALT$HEX`, `sha1$SALT$HEX`, `sha1$$HEX`, `md5$$HEX`, and HEX alone, which is MD5. */
function readOld(stored: string): ReadHash | null {
  const [, salted, salt = '', saltedHex] = SALTED.exec(stored) ?? [];
  const [, unsalted = 'md5', unsaltedHex] = salted === undefined ? (UNSALTED.exec(stored) ?? []) : [];
  const [digest, hex] = [(salted ?? unsalted) as 'md5' | 'sha1', saltedHex ?? unsaltedHex];
  if (hex === undefined || hex.length !== HEX_DIGITS[digest]) return null;
  return {
    scheme: salted === undefined ? `unsalted_${digest}` : digest,
    isOurs: false,
    matches: async (password) =>
      isSame(
        createHash(digest)
          .update(salt + password)
          .digest(),
        Buffer.from(hex, 'hex'),
      ),
  };
}

/** The scheme under which a hash of Django's is kept, whether or not it is read now; null for what is nobody's password. */
export function schemeOf(stored: string): string | null {
  return readHash(stored, OLD_SCHEMES)?.scheme ?? null;
}

/** Read only where such hashes are written: one that a test left behind lets nobody in elsewhere. */
export function readCheap(stored: string): ReadHash | null {
  const [, salt, digest] = /^cheap\$([\w-]+)\$([\w-]+)$/.exec(stored) ?? [];
  if (salt === undefined || digest === undefined) return null;
  return { scheme: 'cheap', isOurs: true, matches: async (password) => cheapDigest(salt, password) === digest };
}
