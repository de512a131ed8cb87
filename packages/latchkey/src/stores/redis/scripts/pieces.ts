/** What the scripts about sessions have in common, in Lua. Each piece stands on those before it. */
import { FIELDS } from '../records.ts';

const quoted = (texts: readonly string[]): string => texts.map((text) => `'${text}'`).join(', ');

/** `clock(given)`: the server's milliseconds since 1970, or those of a clock that was handed in. */
export const CLOCK = `
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
`;

/** The names of all fields of a session, as arguments. */
export const ALL_FIELDS = quoted(Object.values(FIELDS));

/** `row(hash)`: the fields of a session, the first of them false where there is none; `rows` is what the keys begin with. */
export const ROWS = `
local rows = ARGV[1]
local function row(hash)
  return redis.call('HMGET', rows .. hash, ${ALL_FIELDS})
end

local function rows_of(hashes)
  local found = {}
  for _, hash in ipairs(hashes) do
    local values = row(hash)
    if values[1] then found[#found + 1] = values end
  end
  return found
end
`;

/**
 * The keys and the first values of every script that opens or ends sessions of one account. `not_ended()` reads all of the
 * account's sessions that have not ended, the lowest sequence first; `gone` has those of which nothing is left.
 */
export const ACCOUNT = `
local gate, live, ids, due, history, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local account, now = ARGV[2], clock(ARGV[3])
local gone = {}

local function session_of(hash)
  local found = redis.call('HMGET', rows .. hash, ${quoted([
    FIELDS.id,
    FIELDS.accountId,
    FIELDS.sequence,
    FIELDS.deviceId,
    FIELDS.openedAt,
    FIELDS.seenAt,
    FIELDS.expiresAt,
    FIELDS.openedRevision,
    FIELDS.roles,
    FIELDS.endedAt,
    FIELDS.deviceClass,
    FIELDS.client,
  ])})
  if not found[1] then return nil end
  return {
    hash = hash, id = found[1], account = found[2], sequence = tonumber(found[3]), device = found[4],
    opened_at = tonumber(found[5]), seen_at = tonumber(found[6]), expires_at = tonumber(found[7]),
    revision = tonumber(found[8]), roles = found[9], ended = found[10],
    class = found[11], client = found[12],
  }
end

local function not_ended()
  local found = {}
  for _, hash in ipairs(redis.call('ZRANGE', live, 0, -1)) do
    local session = session_of(hash)
    if session then found[#found + 1] = session else gone[#gone + 1] = hash end
  end
  return found
end
`;

/**
 * `finish(session, cause)`: ends what has not ended, writes that down, and remembers it in `ended`. `announce()`: says it on the
 * feed. `sweep()`: forgets what is gone. All write.
 */
export const FINISH = `
local ended = {}
local function finish(session, cause)
  if session.ended then return end
  session.ended = now
  redis.call('HSET', rows .. session.hash, '${FIELDS.endedAt}', now, '${FIELDS.endedReason}', cause.reason)
  local by = cause.by
  if by then
    redis.call('HSET', rows .. session.hash, '${FIELDS.endedBy}', by.id, '${FIELDS.endedByClass}', by.class,
      '${FIELDS.endedByName}', by.name)
  end
  redis.call('ZREM', live, session.hash)
  redis.call('ZADD', due, 'LT', now, session.hash)
  local data = {
    reason = cause.reason, by = by and by.name or cjson.null, by_class = by and by.class or cjson.null,
    by_session = by and by.id or cjson.null,
  }
  if cause.replaced then data.replaced = 1 end
  redis.call('XADD', history, '*', 'at', now, 'kind', 'session_ended', 'account', account, 'session', session.id,
    'data', cjson.encode(data))
  ended[#ended + 1] = session.hash
end

local function announce()
  redis.call(ARGV[4], channel, ARGV[5])
  return 1
end

local function sweep()
  for _, hash in ipairs(gone) do redis.call('ZREM', live, hash) end
end
`;

/**
 * `read_gate()`, and then `raise(sessions)`: the higher revision replaces the gate; whoever it leaves outside is ended, the others
 * are shown its roles. `held` is the gate that holds, `last` the sequence of the last sign-in, `has_shown` whether roles changed.
 */
export const RAISE = `
local given = {
  state = ARGV[6], roles = ARGV[7], revision = tonumber(ARGV[8]), valid_from = tonumber(ARGV[9]), kept = ARGV[10],
  reason = ARGV[11],
}
local held, last, has_shown = nil, 0, false

local function read_gate()
  local found = redis.call('HMGET', gate, 'last_sequence', 'state', 'roles', 'revision', 'valid_from', 'kept', 'reason')
  if not found[1] then return end
  last = tonumber(found[1])
  held = {
    state = found[2], roles = found[3], revision = tonumber(found[4]), valid_from = tonumber(found[5]), kept = found[6],
    reason = found[7],
  }
end

local function keep(key, ms)
  local left = redis.call('PTTL', key)
  if left ~= -2 and left < ms then redis.call('PEXPIRE', key, ms) end
end

local function raise(sessions)
  if held and held.revision >= given.revision then return end
  held = given
  redis.call('HSET', gate, 'last_sequence', last, 'state', given.state, 'roles', given.roles,
    'revision', given.revision, 'valid_from', given.valid_from, 'kept', given.kept, 'reason', given.reason)
  keep(gate, tonumber(ARGV[12]))
  for _, session in ipairs(sessions) do
    if session.revision < given.valid_from and session.id ~= given.kept then
      finish(session, { reason = given.reason })
    elseif session.roles ~= given.roles then
      redis.call('HSET', rows .. session.hash, '${FIELDS.roles}', given.roles)
      has_shown = true
    end
  end
end
`;
