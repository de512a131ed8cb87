/**
 * How keys are called. All of an account's keys carry one of 64 hash tags, so that a script finds them on one node of a Cluster
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags):
 *
 * `lk:{2a}:s:HASH` a session by the hash of its token · `lk:{2a}:a:ACCOUNT:gate` · `…:live` the hashes of its sessions that
 * have not ended, by sequence · `…:ids` hashes by session id · `lk:{2a}:due` hashes by when they are over · `lk:{2a}:history` a
 * stream · `lk:{2a}:rule` the rule in force · `lk:{2a}:p:HASH` whose a token is that names no account · `lk:{2a}:c:KEY`,
 * `lk:{2a}:counters` · `lk:{2a}:feed`, `lk:{2a}:ack:NODE` channels
 */
import type { AccountId } from '../../model/account.ts';

/** How many hash tags there are: `{00}` to `{3f}`. With another number nothing that is kept would be found again. */
export const BUCKETS = 64;

const BUCKET_BITS = 6;

/** 2^32 divided by the golden ratio: multiplied by it, neighbours lie far apart (Knuth, The Art of Computer Programming, 6.4). */
const GOLDEN = 0x9e3779b1;

/** The bucket of an account: the highest bits of both halves of its number, multiplied. Accounts are numbered in sequence. */
export function bucketOf(accountId: AccountId): number {
  const high = Math.floor(accountId / 2 ** 32);
  return Math.imul((accountId ^ Math.imul(high, GOLDEN)) | 0, GOLDEN) >>> (32 - BUCKET_BITS);
}

/** The bucket of what is known by a hash: its first bits are as good as any. */
export function bucketOfHash(hash: Uint8Array): number {
  return (hash[0] ?? 0) % BUCKETS;
}

/** The bucket of a text: FNV-1a over its UTF-16 units, and the highest bits of that, multiplied. */
export function bucketOfText(text: string): number {
  let mixed = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  return Math.imul(mixed, GOLDEN) >>> (32 - BUCKET_BITS);
}

/** The hash slot of a bucket in a Cluster: CRC-16 (XMODEM) of its tag. */
export function slotOfBucket(bucket: number): number {
  let crc = 0;
  for (const byte of Buffer.from(tagOf(bucket))) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % 16_384;
}

function tagOf(bucket: number): string {
  return bucket.toString(16).padStart(2, '0');
}

/** A hash as part of a key. */
export function hashText(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('base64url');
}

export type AccountKeys = {
  readonly gate: string;
  readonly live: string;
  readonly ids: string;
};

export type Names = {
  /** What the keys of a bucket's sessions begin with; the hash follows. */
  sessions(bucket: number): string;
  /** What the keys of a bucket's accounts begin with. */
  accounts(bucket: number): string;
  account(accountId: AccountId): AccountKeys;
  due(bucket: number): string;
  history(bucket: number): string;
  rule(bucket: number): string;
  pointer(hash: string, bucket: number): string;
  counter(key: string, bucket: number): string;
  counters(bucket: number): string;
  acknowledgements(node: string, bucket: number): string;
  /** The channel on which a bucket's changes are said in a Cluster. */
  lane(bucket: number): string;
  /** The one channel elsewhere. Channels are not of a database: its number is part of the name. */
  feed(database: number): string;
};

/** Names that begin with `prefix`: letters, digits and `. : _ -`, as a brace would make another hash tag. */
export function namesOf(prefix: string): Names {
  if (!/^[\w.:-]{0,64}$/.test(prefix))
    throw new TypeError(`A prefix of keys is at most 64 letters, digits and . : _ -, not ${JSON.stringify(prefix)}.`);
  const bases = Array.from({ length: BUCKETS }, (_, bucket) => `${prefix}{${tagOf(bucket)}}:`);
  const base = (bucket: number): string => bases[bucket] ?? '';
  return {
    sessions: (bucket) => `${base(bucket)}s:`,
    accounts: (bucket) => `${base(bucket)}a:`,
    account(accountId) {
      const own = `${base(bucketOf(accountId))}a:${accountId}:`;
      return { gate: `${own}gate`, live: `${own}live`, ids: `${own}ids` };
    },
    due: (bucket) => `${base(bucket)}due`,
    history: (bucket) => `${base(bucket)}history`,
    rule: (bucket) => `${base(bucket)}rule`,
    pointer: (hash, bucket) => `${base(bucket)}p:${hash}`,
    counter: (key, bucket) => `${base(bucket)}c:${key}`,
    counters: (bucket) => `${base(bucket)}counters`,
    acknowledgements: (node, bucket) => `${base(bucket)}ack:${node}`,
    lane: (bucket) => `${base(bucket)}feed`,
    feed: (database) => `${prefix}feed${database === 0 ? '' : `@${database}`}`,
  };
}
