import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_PASSWORD_LENGTH, type PasswordHash } from '../model/password.ts';
import { hashQueue } from './hash-queue.ts';
import { OUR_SCHEME, type ReadHash, readCheap, readHash, writeArgon2id, writeCheap } from './hash-schemes.ts';

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

export type HasherOptions = {
  readonly scheme: 'argon2id' | 'cheap';
  readonly concurrency: number;
  readonly queue: number;
};

/** What a password may look like in the store: as it was typed, then without outer white space. */
export function candidatesFor(typed: string, isStripped: boolean): readonly string[] {
  const stripped = typed.trim();
  return isStripped && stripped !== typed && stripped !== '' ? [typed, stripped] : [typed];
}

export function hasherWith({ scheme, concurrency, queue: length }: HasherOptions): Hasher {
  const queue = hashQueue({ concurrency, length });
  const timed = new Set<string>();
  let floorMs = 0;
  let decoy: Promise<PasswordHash> | null = null;

  const write = (password: string): Promise<PasswordHash> =>
    scheme === 'cheap' ? Promise.resolve(writeCheap(password)) : writeArgon2id(password);

  const read = (stored: string): ReadHash | null => readHash(stored) ?? (scheme === 'cheap' ? readCheap(stored) : null);

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
    hash: (password) => queue.run(() => write(password.normalize('NFC'))),

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
      return { matched, isOutdated: against.scheme !== currentScheme(scheme) };
    },

    async expect(schemes) {
      const current = currentScheme(scheme);
      const others = schemes.filter((name) => name !== current && readHash(sampleOf(name)) !== null);
      if (others.length === 0) return;
      // The current one, too: a hash that is cheaper than the decoy would be told from it.
      for (const name of [current, ...others]) {
        if (timed.has(name)) continue;
        const sample = name === current ? await readDecoy() : readHash(sampleOf(name));
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

function currentScheme(scheme: HasherOptions['scheme']): string {
  return scheme === 'cheap' ? 'cheap' : OUR_SCHEME;
}

/** A stored string of a scheme and cost, of no password, to be timed. */
function sampleOf(scheme: string): string {
  const [, sha, iterations] = /^pbkdf2_(\w+)\$(\d+)$/.exec(scheme) ?? [];
  if (sha !== undefined)
    return `pbkdf2_${sha}$${iterations}$salt$${Buffer.alloc(sha === 'sha1' ? 20 : 32).toString('base64')}`;
  const [, N, r, p] = /^scrypt\$N=(\d+),r=(\d+),p=(\d+)$/.exec(scheme) ?? [];
  if (N !== undefined) return `scrypt$${N}$salt$${r}$${p}$${Buffer.alloc(64).toString('base64')}`;
  const [, django, variant, cost] = /^(django )?(argon2\w+)\$(.+)$/.exec(scheme) ?? [];
  if (variant === undefined) return '';
  const phc = `$${variant}$v=19$${cost}$${Buffer.alloc(16).toString('base64').replace(/=+$/, '')}$${Buffer.alloc(32).toString('base64').replace(/=+$/, '')}`;
  return django === undefined ? phc : `argon2${phc}`;
}

async function holdUntil(at: number): Promise<void> {
  const leftMs = at - performance.now();
  if (leftMs > 0) await sleep(leftMs);
}
