/** The keys that tokens are signed by: those made here follow each other in time, sealed in the database that all nodes share. */
import {
  type JwsKey,
  type JwsSigningKey,
  jwsHeader,
  newPrivateKey,
  sharedKeyFrom,
  signingKeyFrom,
} from '../crypto/jws.ts';
import type { Keys } from '../crypto/keys.ts';
import type { JwtAlgorithm, JwtSettings } from '../model/jwt.ts';
import type { SettingStore } from '../stores/store.ts';

export type TokenKeys = {
  /** The one that signs at this moment. */
  current(): Promise<JwsSigningKey>;
  /** Those that a token of this type with this header may be signed by; none for any other header. */
  forHeader(header: string, type: string): Promise<readonly JwsKey[]>;
  /** Those that others may need to know. */
  published(): Promise<readonly JwsKey[]>;
};

type Given = {
  readonly settings: Pick<JwtSettings, 'keyMs' | 'keySeries' | 'accessMs' | 'refreshMs'>;
  readonly store: SettingStore;
  readonly keys: Keys;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
};

const PURPOSE = 'jwt key';

/** Secrets that are shared with others, the newest first. */
export function sharedKeys(secrets: readonly string[]): TokenKeys {
  const all = secrets.map(sharedKeyFrom);
  const [newest] = all;
  if (newest === undefined) throw new TypeError('Tokens are not signed by nothing.');
  return {
    current: async () => newest,
    forHeader: async (header, type) => (jwsHeader(newest, type) === header ? all : []),
    // A secret is nobody's to read.
    published: async () => [],
  };
}

/**
 * Keys of one algorithm, each of a stretch of time whose number is in its name. The next is made, and can be read, a whole stretch
 * before it signs; one that is past is known for as long as a token may be about that it signed.
 */
export function keysInTurn(
  algorithm: Exclude<JwtAlgorithm, 'HS256'>,
  { settings, store, keys, clock }: Given,
): TokenKeys {
  const { keyMs, keySeries, accessMs, refreshMs } = settings;
  const made = new Map<number, Promise<JwsSigningKey>>();

  const load = async (turn: number): Promise<JwsSigningKey> => {
    const id = `${keySeries}-${turn}`;
    const sealed = Buffer.from(keys.seal(PURPOSE, await newPrivateKey(algorithm))).toString('base64');
    const kept = await store.getOrSet(`jwt_key ${algorithm} ${id}`, sealed);
    return signingKeyFrom(algorithm, id, keys.open(PURPOSE, Buffer.from(kept, 'base64')));
  };

  /** What failed is tried again by whoever comes next. */
  const keyOf = (turn: number): Promise<JwsSigningKey> => {
    const known = made.get(turn);
    if (known !== undefined) return known;
    const loading = load(turn);
    loading.catch(() => made.delete(turn));
    made.set(turn, loading);
    return loading;
  };

  const known = async (): Promise<readonly JwsSigningKey[]> => {
    const now = clock();
    const first = Math.floor((now - Math.max(refreshMs, accessMs)) / keyMs);
    const last = Math.floor(now / keyMs) + 1;
    for (const turn of made.keys()) if (turn < first || turn > last) made.delete(turn);
    return await Promise.all(Array.from({ length: last - first + 1 }, (_, index) => keyOf(first + index)));
  };

  return {
    current: () => keyOf(Math.floor(clock() / keyMs)),
    forHeader: async (header, type) => (await known()).filter((key) => jwsHeader(key, type) === header),
    published: known,
  };
}
