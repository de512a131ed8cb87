import { keeping, reaching, reading, writing } from '../script.ts';
import { CLOCK } from './pieces.ts';

/** Keeps a thing usable once, and when it expires; one that is there already stays as it is. */
export const PUT = writing(
  CLOCK,
  `
redis.call('EXISTS', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local expires_at = clock(ARGV[1]) + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'expires_at', expires_at)
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) + ${3_600_000})
redis.call('ZADD', KEYS[2], expires_at, KEYS[1])
return 1
`,
);

const GOOD = `
local found = redis.call('HMGET', KEYS[1], 'data', 'expires_at')
if not found[1] or tonumber(found[2]) <= clock(ARGV[1]) then return false end
`;

export const PEEK = reading(CLOCK, GOOD, 'return found[1]\n');

/** Deleting is spending: of two at once, one gets it. */
export const SPEND = keeping(
  CLOCK,
  GOOD,
  `
redis.call('ZREM', KEYS[2], KEYS[1])
redis.call('DEL', KEYS[1])
return found[1]
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
