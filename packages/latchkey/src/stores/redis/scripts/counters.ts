import { reaching, writing } from '../script.ts';
import { CLOCK } from './pieces.ts';

/**
 * Counts one under each key but the last, which is where it is written until when each counts. A window that ends further ahead
 * than one that begins now was begun by a wrong clock.
 */
export const TAKE = writing(
  CLOCK,
  `
local now, index = clock(ARGV[1]), KEYS[#KEYS]
local counted = {}
redis.call('EXISTS', unpack(KEYS))
for at = 1, #KEYS - 1 do
  local key, limit, window = KEYS[at], tonumber(ARGV[2 * at]), tonumber(ARGV[2 * at + 1])
  local before = redis.call('HMGET', key, 'count', 'resets_at')
  local count, resets_at = tonumber(before[1] or ''), tonumber(before[2] or '')
  if not count or resets_at <= now or resets_at > now + window then
    count, resets_at = 1, now + window
  elseif count <= limit then
    count = count + 1
  end
  redis.call('HSET', key, 'count', count, 'resets_at', resets_at)
  redis.call('PEXPIRE', key, window + ${3_600_000})
  redis.call('ZADD', index, resets_at, key)
  counted[#counted + 1] = count <= limit and 1 or 0
  counted[#counted + 1] = math.max(0, resets_at - now)
end
return counted
`,
);

/** Takes one back under each of the first keys; forgets the rest, before the last, which is as above. */
export const SETTLE = writing(
  CLOCK,
  `
local now, backs = clock(ARGV[1]), tonumber(ARGV[2])
redis.call('EXISTS', unpack(KEYS))
for at = 1, #KEYS - 1 do
  local found = redis.call('HMGET', KEYS[at], 'count', 'resets_at')
  if at > backs then
    redis.call('DEL', KEYS[at])
    redis.call('ZREM', KEYS[#KEYS], KEYS[at])
  elseif found[1] and tonumber(found[2]) > now and tonumber(found[1]) > 0 then
    redis.call('HINCRBY', KEYS[at], 'count', -1)
  end
end
`,
);

/** Removes keys that are over, by the list of when each is. Replies how many went. */
export const REMOVE_OVER = reaching(
  writing(
    CLOCK,
    `
local over = redis.call('ZRANGE', KEYS[1], '-inf', clock(ARGV[1]), 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, key in ipairs(over) do
  redis.call('DEL', key)
  redis.call('ZREM', KEYS[1], key)
end
return #over
`,
  ),
);
