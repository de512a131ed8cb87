import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_PASSWORD_LENGTH, OLD_SCHEMES, type OldScheme, type PasswordHash } from '../model/password.ts';
import { hashQueue } from './hash-queue.ts';
import {
  OUR_SCHEME,
  PBKDF2_SCHEME,
  readCheap,
  readHash,
  writeArgon2id,
  writeCheap,
  writePbkdf2,
} from './hash-schemes.ts';
import type { ReadHash } from './read-hash.ts';

export type Verified = {
  /** The candidate that is right, or null. */
  readonly matched: string | null;
  /** The stored hash is of another scheme or cost than new ones: after a right password it is to be renewed. */
  readonly isOutdated: boolean;
};

export type Hasher = {
  hash(password: string): Promise<PasswordHash>;
  /**
   * Holds candidates against a stored hash, the likeliest first. Where there is none (`null`) or an unreadable one, a decoy is
   * computed instead. A wrong answer takes as long as the costliest scheme among the stored hashes takes, whatever was stored.
   */
  verify(stored: string | null, candidates: readonly string[]): Promise<Verified>;
  /** Tells which schemes are among the stored hashes; each is timed once. */
  expect(schemes: readonly string[]): Promise<void>;
};

/** How new hashes are written. */
export type NewScheme = 'argon2id' | 'pbkdf2_sha256' | 'cheap';

export type HasherOptions = {
  readonly scheme: NewScheme;
  /** Which of Django's oldest schemes are read. */
  readonly old?: readonly OldScheme[];
  readonly concurrency: number;
  readonly queue: number;
};

/** What a password may look like in the store: as it was typed, then without outer white space. */
export function candidatesFor(typed: string, isStripped: boolean): readonly string[] {
  const stripped = typed.trim();
  return isStripped && stripped !== typed && stripped !== '' ? [typed, stripped] : [typed];
}

export function hasherWith({ scheme, old = [], concurrency, queue: length }: HasherOptions): Hasher {
  const queue = hashQueue({ concurrency, length });
  const timed = new Set<string>();
  let floorMs = 0;
  let decoy: Promise<PasswordHash> | null = null;

  const write = async (password: string): Promise<PasswordHash> => {
    if (scheme === 'cheap') return writeCheap(password);
    return await (scheme === 'argon2id' ? writeArgon2id(password) : writePbkdf2(password));
  };

  const read = (stored: string): ReadHash | null =>
    readHash(stored, old) ?? (scheme === 'cheap' ? readCheap(stored) : null);

  const readDecoy = async (): Promise<ReadHash> => {
    decoy ??= write('no password of anybody');
    const ours = read((await decoy).hash);
    if (ours === null) throw new Error('The decoy hash cannot be read.');
    return ours;
  };

  const firstMatch = async (against: ReadHash, candidates: readonly string[]): Promise<string | null> => {
    for (const candidate of candidates) {
      if (candidate.length > MAX_PASSWORD_LENGTH) continue;
      if (await against.matches(against.isOurs ? candidate.normalize('NFC') : candidate)) return candidate;
    }
    return null;
  };

  return {
    // Django normalises nothing, and has to find its password in what is written for it.
    hash: (password) => queue.run(() => write(scheme === 'pbkdf2_sha256' ? password : password.normalize('NFC'))),

    async verify(stored, candidates) {
      const known = stored === null ? null : read(stored);
      const against = known ?? (await readDecoy());
      let startedAt = 0;
      const match = await queue.run(() => {
        startedAt = performance.now();
        return firstMatch(against, candidates);
      });
      const matched = known === null ? null : match;
      if (matched === null) await holdUntil(startedAt + floorMs * candidates.length);
      return { matched, isOutdated: matched !== null && isToRenew(against, matched, scheme) };
    },

    async expect(schemes) {
      const current = currentScheme(scheme);
      const others = schemes.filter((name) => name !== current && readHash(sampleOf(name), old) !== null);
      if (others.length === 0) return;
      // The current one, too: a hash that is cheaper than the decoy would be told from it.
      for (const name of [current, ...others]) {
        if (timed.has(name)) continue;
        const sample = name === current ? await readDecoy() : readHash(sampleOf(name), old);
        await queue.run(async () => {
          const startedAt = performance.now();
          await sample?.matches('no password of anybody');
          floorMs = Math.max(floorMs, (performance.now() - startedAt) * 1.25);
        });
        timed.add(name);
      }
    },
  };
}

function currentScheme(scheme: NewScheme): string {
  return { cheap: 'cheap', argon2id: OUR_SCHEME, pbkdf2_sha256: PBKDF2_SCHEME }[scheme];
}

/**
 * A hash is replaced only by what is known to be the whole password: of a longer one bcrypt has seen the beginning alone. Where
 * Django may have to read them again, those that it reads stay as they are, but for the oldest.
 */
function isToRenew(
  { scheme, isOurs, isUnknownToDjango, holdsWhole }: ReadHash,
  password: string,
  current: NewScheme,
): boolean {
  if (scheme === currentScheme(current) || holdsWhole?.(password) === false) return false;
  const isReadThere = !isOurs && isUnknownToDjango !== true;
  return current !== 'pbkdf2_sha256' || !isReadThere || OLD_SCHEMES.some((old) => old === scheme);
}

/** Of each scheme a stored string of its cost, of no password, to be timed. */
const samples: readonly (readonly [RegExp, (parts: readonly string[]) => string])[] = [
  [
    /^pbkdf2_(\w+)\$(\d+)$/,
    ([sha, rounds]) => `pbkdf2_${sha}$${rounds}$salt$${Buffer.alloc(sha === 'sha1' ? 20 : 32).toString('base64')}`,
  ],
  [
    /^(scrypt(?:_nfkc)?)\$N=(\d+),r=(\d+),p=(\d+)$/,
    ([scheme, N, r, p]) => `${scheme}$${N}$salt$${r}$${p}$${Buffer.alloc(64).toString('base64')}`,
  ],
  [
    /^fbscrypt\$(n=\d+,r=\d+,p=\d+)$/,
    ([cost]) => `$fbscrypt$v=1,${cost},ss=Bw==,sk=${zeros(64)}$${zeros(8)}$${zeros(64)}`,
  ],
  [
    /^(bcrypt(?:_sha256)?)\$(\d+)$/,
    ([scheme, rounds]) => `${scheme}$$2b$${String(rounds).padStart(2, '0')}$${'.'.repeat(53)}`,
  ],
  [/^(md5|sha1)$/, ([digest]) => `${digest}$salt$${'0'.repeat(digest === 'md5' ? 32 : 40)}`],
  [/^unsalted_(md5|sha1)$/, ([digest]) => `${digest}$$${'0'.repeat(digest === 'md5' ? 32 : 40)}`],
  [
    /^(django )?(argon2\w+)\$(.+)$/,
    ([django, variant, cost]) =>
      `${django === undefined ? '' : 'argon2'}$${variant}$v=19$${cost}$${zeros(16)}$${zeros(32)}`,
  ],
];

function zeros(bytes: number): string {
  return Buffer.alloc(bytes).toString('base64').replace(/=+$/, '');
}

/** '' for a scheme that nobody here can time. */
function sampleOf(scheme: string): string {
  for (const [pattern, sample] of samples) {
    const [whole, ...parts] = pattern.exec(scheme) ?? [];
    if (whole !== undefined) return sample(parts);
  }
  return '';
}

async function holdUntil(at: number): Promise<void> {
  const leftMs = at - performance.now();
  if (leftMs > 0) await sleep(leftMs);
}
