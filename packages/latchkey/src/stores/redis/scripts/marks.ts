import { writing } from '../script.ts';
import { CLOCK } from './pieces.ts';

/** Keeps a mark until it is over, when it goes by itself; replies 0 where it is there. */
export const MARK = writing(
  CLOCK,
  `
local now = clock(ARGV[1])
local over_at = redis.call('GET', KEYS[1])
if over_at and tonumber(over_at) > now then return 0 end
redis.call('SET', KEYS[1], now + tonumber(ARGV[2]), 'PX', ARGV[2])
return 1
`,
);
