/** Sessions in Redis: copies that the server itself makes of what Latchkey wrote of one. */
import { Redis } from 'ioredis';
import { toBase62 } from '../../packages/latchkey/src/crypto/base62.ts';
import { bucketOf, hashText, namesOf } from '../../packages/latchkey/src/stores/redis/keys.ts';
import { FIELDS } from '../../packages/latchkey/src/stores/redis/records.ts';
import { signUpAndIn } from './database.ts';
import type { Place } from './place.ts';
import { AHEAD_MS, FIRST_COPY, hashOfToken, type Seen, tokenOf } from './tokens.ts';

export type RedisFill = {
  readonly count: number;
  /** A check needs no more than `sessions`; with the rest of what is kept of their accounts, they can sign in. */
  readonly what: 'sessions' | 'accounts and sessions';
  readonly seen: Seen;
};

const FIRST_ACCOUNT = 1;
const EACH = 500;
const AT_ONCE = 4;

const names = namesOf('lk:');

/**
 * Copies the session and the gate of one account to others. What a door writes about a session stands in `redis/scripts/admit.ts`;
 * its history is left out, as it is taken away once it is written down in SQL.
 */
const COPY = `
local row, gate, live, ids, seen, is_whole = KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2] == '1'
local expires_at = redis.call('HGET', row, '${FIELDS.expiresAt}')
local live_ms, ids_ms = redis.call('PTTL', live), redis.call('PTTL', ids)
for at = 3, #ARGV, 8 do
  local account, hash, id = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local to_row, to_gate, to_live, to_ids, to_due = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], ARGV[at + 7]
  redis.call('COPY', row, to_row)
  redis.call('HSET', to_row, '${FIELDS.id}', id, '${FIELDS.accountId}', account, '${FIELDS.deviceId}', string.sub(id, 5),
    '${FIELDS.seenAt}', seen)
  if is_whole then
    redis.call('COPY', gate, to_gate)
    redis.call('ZADD', to_live, 1, hash)
    redis.call('PEXPIRE', to_live, live_ms)
    redis.call('HSET', to_ids, id, hash)
    redis.call('PEXPIRE', to_ids, ids_ms)
    redis.call('ZADD', to_due, expires_at, hash)
  end
end
`;

/** Signs one account up and in, and copies its session to `count` others. Returns by how many bytes the server grew for each. */
export async function fillRedis(
  place: Place,
  { count, what, seen }: RedisFill,
  said: (done: number) => void,
): Promise<number> {
  await signUpAndIn(place);
  const client = new Redis(place.sessionStore ?? '', { lazyConnect: true });
  await client.connect();
  try {
    const pattern = await patternIn(client);
    const before = await usedBytes(client);
    const last = FIRST_COPY + count - 1;
    const isWhole = what === 'sessions' ? '0' : '1';
    const working: Promise<unknown>[] = [];
    for (let from = FIRST_COPY; from <= last; from += EACH) {
      const to = Math.min(from + EACH - 1, last);
      const values = Array.from({ length: to - from + 1 }, (_, index) => copyAt(from + index)).flat();
      const seenAt = String(Date.now() + (seen === 'just now' ? AHEAD_MS : -Math.floor(Math.random() * 60_000)));
      working.push(client.eval(COPY, pattern.length, ...[...pattern, seenAt, isWhole, ...values]));
      if (working.length < AT_ONCE) continue;
      await working.shift();
      said(from);
    }
    await Promise.all(working);
    return ((await usedBytes(client)) - before) / count;
  } finally {
    client.disconnect();
  }
}

/** The keys of the first account: its session, its gate, what is live, and its sessions by id. */
async function patternIn(client: Redis): Promise<readonly string[]> {
  const { gate, live, ids } = names.account(FIRST_ACCOUNT);
  const [hash] = await client.zrange(live, '0', '0');
  if (hash === undefined) throw new Error('There is no session in Redis to copy.');
  return [names.sessions(bucketOf(FIRST_ACCOUNT)) + hash, gate, live, ids];
}

function copyAt(account: number): readonly string[] {
  const bucket = bucketOf(account);
  const hash = hashText(hashOfToken(tokenOf(account)));
  const { gate, live, ids } = names.account(account);
  const id = `ses_${toBase62(account, 22)}`;
  return [String(account), hash, id, names.sessions(bucket) + hash, gate, live, ids, names.due(bucket)];
}

async function usedBytes(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}
