import { UNKNOWN_DEVICE } from '../../../model/device.ts';
import { FIELDS } from '../records.ts';
import { keeping, reaching, reading, writing } from '../script.ts';
import { ACCOUNT, ALL_FIELDS, CLOCK, FINISH, RAISE, ROWS } from './pieces.ts';

/** The hot one: the fields of one session and the time, or nothing. */
export const FIND = reading(
  CLOCK,
  `
local found = redis.call('HMGET', KEYS[1], ${ALL_FIELDS})
if not found[1] then return false end
found[#found + 1] = clock(ARGV[1])
return found
`,
);

/** Hands a gate over. Announced even where it held already: whoever handed it over first may still wait to be heard. */
export const HAND_OVER = reaching(
  keeping(
    CLOCK,
    ROWS,
    ACCOUNT,
    FINISH,
    RAISE,
    `
read_gate()
local sessions = not_ended()
if #sessions > 0 then last = math.max(last, sessions[#sessions].sequence) end
local all = {}
if given.state == 'closed' then
  for _, hash in ipairs(redis.call('HVALS', ids)) do
    local found = redis.call('HMGET', rows .. hash, '${FIELDS.id}', '${FIELDS.endedByName}')
    if found[1] then all[#all + 1] = { hash = hash, has_by = found[2] } end
  end
end
raise(sessions)
sweep()
for _, session in ipairs(all) do
  local key = rows .. session.hash
  redis.call('HDEL', key, '${FIELDS.deviceId}', '${FIELDS.place}', '${FIELDS.binding}')
  redis.call('HSET', key, '${FIELDS.deviceName}', '${UNKNOWN_DEVICE.name}')
  if session.has_by then redis.call('HSET', key, '${FIELDS.endedByName}', '${UNKNOWN_DEVICE.name}') end
end
return { 'done', announce(), rows_of(ended) }
`,
  ),
);

/** Ends one session, on behalf of another or of an operator. Announced even where it had ended, as above. */
export const END = reaching(
  keeping(
    CLOCK,
    ROWS,
    ACCOUNT,
    FINISH,
    `
local id, acting, reason = ARGV[6], ARGV[7], ARGV[8]
local hash = redis.call('HGET', ids, id)
local session = hash and session_of(hash)
if acting ~= '' and acting ~= id then
  local of = redis.call('HGET', ids, acting)
  local found = of and redis.call('HMGET', rows .. of, '${FIELDS.id}', '${FIELDS.endedReason}')
  if not found or not found[1] then return { 'over', 0, 'expired' } end
  if found[2] then return { 'over', 0, found[2] } end
end
if not session then return { 'none', 0 } end
finish(session, { reason = reason })
return { 'done', announce(), #ended, row(hash) }
`,
  ),
);

/** Notes that the holder of a session proves who they are just now, by a proof of a revision that the gate has not voided. */
export const REAUTHENTICATE = reaching(
  writing(
    CLOCK,
    ROWS,
    `
local gate, ids = KEYS[1], KEYS[2]
local now, id, revision = clock(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local held = redis.call('HMGET', gate, 'state', 'valid_from')
local hash = redis.call('HGET', ids, id)
local found = hash and redis.call('HMGET', rows .. hash, '${FIELDS.id}', '${FIELDS.endedReason}')
if not found or not found[1] then return { 'over', 'expired' } end
if found[2] then return { 'over', found[2] } end
if held[1] ~= 'active' or revision < tonumber(held[2]) then return { 'void' } end
redis.call('HSET', rows .. hash, '${FIELDS.authenticatedAt}', now)
return { 'reauthenticated', row(hash) }
`,
  ),
);

/** Binds a session that has not ended and is not bound. Announced even where it was bound, as above. */
export const BIND = reaching(
  keeping(
    CLOCK,
    ROWS,
    ACCOUNT,
    FINISH,
    `
local id, binding = ARGV[6], ARGV[7]
local hash = redis.call('HGET', ids, id)
local found = hash and redis.call('HMGET', rows .. hash, '${FIELDS.id}', '${FIELDS.endedReason}', '${FIELDS.binding}')
if not found or not found[1] then return { 'none', 0 } end
if found[2] then return { 'over', 0, found[2] } end
if found[3] then return { 'none', announce() } end
redis.call('HSET', rows .. hash, '${FIELDS.binding}', binding)
return { 'done', announce(), row(hash) }
`,
  ),
);

/** Those that came along from elsewhere count as opened at a revision, so that what voids the rest leaves them. */
export const SPARE = reaching(
  writing(`
for _, hash in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = ARGV[1] .. hash
  if redis.call('HGET', key, '${FIELDS.method}') == 'imported' then
    redis.call('HSET', key, '${FIELDS.openedRevision}', ARGV[2])
  end
end
`),
);

/** Why the acting session is over (nothing where it is not) and the revision that it was opened at. */
export const OVER = reaching(
  reading(`
local hash = redis.call('HGET', KEYS[1], ARGV[2])
if not hash then return false end
local found = redis.call('HMGET', ARGV[1] .. hash, '${FIELDS.id}', '${FIELDS.endedReason}', '${FIELDS.openedRevision}')
return found[1] and { found[2], found[3] }
`),
);

/** The time, and the account's sessions that have not ended, the newest first. */
export const LIST = reaching(
  reading(
    CLOCK,
    ROWS,
    `
return { clock(ARGV[2]), rows_of(redis.call('ZREVRANGE', KEYS[1], 0, -1)) }
`,
  ),
);

/** Notes that sessions were used, where they are live: what has gone or ended does not come back. */
export const TOUCH = writing(
  CLOCK,
  `
local now, idle = clock(ARGV[1]), tonumber(ARGV[2])
local touched = {}
for _, key in ipairs(KEYS) do
  local found = redis.call('HMGET', key, '${FIELDS.id}', '${FIELDS.endedAt}', '${FIELDS.seenAt}')
  local seen = tonumber(found[3] or '')
  if found[1] and not found[2] and seen > now - idle and seen < now then touched[#touched + 1] = key end
end
for _, key in ipairs(touched) do redis.call('HSET', key, '${FIELDS.seenAt}', now) end
`,
);

/** Removes what has been over for long enough. Replies how many went, and the hashes of those that a pointer led to. */
export const PURGE = reaching(
  writing(
    CLOCK,
    `
local due, rows, accounts = KEYS[1], ARGV[1], ARGV[2]
local before = clock(ARGV[3]) - tonumber(ARGV[4])
local found, pointed = {}, {}
for _, hash in ipairs(redis.call('ZRANGE', due, '-inf', before, 'BYSCORE', 'LIMIT', 0, ARGV[5])) do
  local values = redis.call('HMGET', rows .. hash, '${FIELDS.id}', '${FIELDS.accountId}', '${FIELDS.method}')
  found[#found + 1] = { hash = hash, id = values[1], account = values[2] }
  if values[3] == 'imported' then pointed[#pointed + 1] = hash end
end
for _, session in ipairs(found) do
  if session.id then
    redis.call('HDEL', accounts .. session.account .. ':ids', session.id)
    redis.call('ZREM', accounts .. session.account .. ':live', session.hash)
    redis.call('DEL', rows .. session.hash)
  end
  redis.call('ZREM', due, session.hash)
end
return { #found, pointed }
`,
  ),
);

/**
 * Points from a token that names no account to the account that has it, unless another has it already. One who was seen to have
 * no such session (the third value) loses it. Replies who has it.
 */
export const POINT = writing(`
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] and held ~= ARGV[3] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
`);

/** Puts a rule into force in one bucket, unless a newer one is there. */
export const SET_RULE = writing(`
local held = tonumber(redis.call('HGET', KEYS[1], 'number') or '0')
if tonumber(ARGV[1]) > held then redis.call('HSET', KEYS[1], 'number', ARGV[1], 'rule', ARGV[2]) end
`);
