import { FIELDS } from '../records.ts';
import { keeping, reaching } from '../script.ts';
import { ACCOUNT, CLOCK, FINISH, RAISE, ROWS } from './pieces.ts';

/**
 * The door: what `model/admission.ts` decides, and the same results for a call that is repeated. Replies what came of it, whether
 * that was announced, and the rest by what it was.
 */
export const ADMIT = reaching(
  keeping(
    CLOCK,
    ROWS,
    ACCOUNT,
    FINISH,
    RAISE,
    `
local rule = KEYS[7]
local id, hash = ARGV[13], ARGV[14]
local device, device_class, device_name = ARGV[15], ARGV[16], ARGV[17]
local said = cjson.decode(ARGV[18])
local lifetime, is_fresh, idle = tonumber(ARGV[19]), ARGV[20] == '1', tonumber(ARGV[21])
local rule_here, limits = ARGV[22], cjson.decode(ARGV[23])
local spare_rows = tonumber(ARGV[24])
local when_full, ends = ARGV[25], cjson.decode(ARGV[26])
local holds_back, goes_first = ARGV[27] == '1', ARGV[28]
local approved_by = ARGV[29]

local in_force = redis.call('HGET', rule, 'rule')
if in_force and in_force ~= rule_here then return { 'rule_mismatch', 0, in_force } end

local function is_live(session)
  if session.ended then return false end
  if now >= math.min(session.expires_at, session.seen_at + idle) then return false end
  return session.opened_at - now <= session.expires_at - session.opened_at
end

local function words(text)
  local found = {}
  for word in string.gmatch(text or '', '%S+') do found[#found + 1] = word end
  return found
end

-- every key is read before one is written
read_gate()
local sessions = not_ended()
if #sessions > 0 then last = math.max(last, sessions[#sessions].sequence) end
local first = redis.call('HGET', ids, id)
local before = first and redis.call('HMGET', rows .. first, '${FIELDS.id}', 'rp', 'dp')
local replaced_before, displaced_before = {}, {}
if before and before[1] then
  replaced_before, displaced_before = words(before[2]), words(before[3])
  rows_of(replaced_before)
  rows_of(displaced_before)
end
local holder = session_of(hash)

raise(sessions)
sweep()
local function announced(is_again)
  return (#ended > 0 or has_shown or is_again) and announce() or 0
end

if before and before[1] then
  local is_again = #replaced_before + #displaced_before > 0
  return { 'admitted', announced(is_again), row(first), rows_of(replaced_before), rows_of(displaced_before) }
end
if holder then
  holder = session_of(hash)
  if holder.account ~= account or not is_live(holder) then return { 'token_used', announced() } end
  return { 'admitted', announced(), row(hash), {}, {} }
end
if held.state ~= 'active' then return { 'void', announced(), 'account_disabled' } end
if given.revision < held.valid_from then return { 'void', announced(), 'proof_void' } end

local is_approved = approved_by == ''
for _, session in ipairs(sessions) do
  if session.id == approved_by and is_live(session) then is_approved = true end
end
if not is_approved then return { 'void', announced(), 'approval_void' } end

local replaced, others = {}, {}
for _, session in ipairs(sessions) do
  if session.ended then
    -- the gate left it outside
  elseif not is_live(session) then finish(session, { reason = 'expired' })
  elseif session.device == device then replaced[#replaced + 1] = session
  else others[#others + 1] = session end
end

local newcomer = { class = device_class, client = said.client }
local function is_in(bucket, session)
  return bucket == 'account' or bucket == 'class:' .. session.class
    or (type(session.client) == 'string' and bucket == 'client:' .. session.client)
end
local function any_in(bucket, list)
  for _, session in ipairs(list) do
    if is_in(bucket, session) then return true end
  end
  return false
end
-- the narrowest first; a limit's number keeps the order of those alike
local widths = { client = 1, class = 2, account = 3 }
for at, limit in ipairs(limits) do
  limit.at, limit.width = at, widths[string.match(limit.bucket, '^%a+')]
end
table.sort(limits, function(a, b)
  if a.width ~= b.width then return a.width < b.width end
  return a.at < b.at
end)
local function by_sequence(a, b) return a.sequence < b.sequence end
if when_full == 'displace-least-recent' then
  table.sort(others, function(a, b)
    local one, other = math.floor(a.seen_at / 60000), math.floor(b.seen_at / 60000)
    if one ~= other then return one < other end
    return a.sequence < b.sequence
  end)
end
if goes_first ~= '' then
  local first_ones, later_ones = {}, {}
  for _, session in ipairs(others) do
    local list = session.device == goes_first and first_ones or later_ones
    list[#list + 1] = session
  end
  for _, session in ipairs(later_ones) do first_ones[#first_ones + 1] = session end
  others = first_ones
end
local is_displacing = when_full == 'displace' or when_full == 'displace-least-recent'
local is_chosen = {}
for _, end_id in ipairs(ends) do is_chosen[end_id] = true end

local function members_of(bucket, gone)
  local found = {}
  for _, session in ipairs(others) do
    if not gone[session] and is_in(bucket, session) then found[#found + 1] = session end
  end
  return found
end
-- who is too many: the newcomer counts where it belongs, or, where nobody goes for it, where it had a place
local gone, displaced = {}, {}
for _, limit in ipairs(limits) do
  if limit.max ~= 'unlimited' then
    local members = members_of(limit.bucket, gone)
    limit.is_open = is_in(limit.bucket, newcomer) and not is_displacing and not any_in(limit.bucket, replaced)
    local counts = is_in(limit.bucket, newcomer) and not limit.is_open
    for at = 1, math.min(#members, #members + (counts and 1 or 0) - limit.max) do
      gone[members[at]] = true
      displaced[#displaced + 1] = members[at]
    end
  end
end
if holds_back and is_displacing and #displaced > 0 then return { 'held', announced() } end
-- whose place the newcomer takes, by what it chose
local function place_among(chosen)
  local left, goes, among, least = {}, {}, {}, 0
  for session in pairs(gone) do left[session] = true end
  for _, limit in ipairs(limits) do
    local members = limit.is_open and members_of(limit.bucket, left) or {}
    if limit.is_open and #members >= limit.max then
      local has_chosen = false
      for _, session in ipairs(members) do
        if chosen[session.id] then
          has_chosen, left[session] = true, true
          goes[#goes + 1] = session
        end
      end
      if not has_chosen then
        least = least + 1
        for _, session in ipairs(members) do among[session] = true end
        left[members[1]] = true
      end
    end
  end
  return goes, among, least
end
local goes, among, least = place_among(is_chosen)
if least > 0 then
  local _, anew, least_anew = place_among({})
  for session in pairs(anew) do among[session] = true end
  local listed, found = {}, {}
  for session in pairs(among) do listed[#listed + 1] = session end
  table.sort(listed, by_sequence)
  for at, session in ipairs(listed) do found[at] = row(session.hash) end
  return { 'full', announced(), found, least_anew, now }
end
for _, session in ipairs(goes) do displaced[#displaced + 1] = session end
table.sort(displaced, by_sequence)

local by = { id = id, class = device_class, name = device_name }
local replaced_hashes, displaced_hashes = {}, {}
for _, session in ipairs(replaced) do
  finish(session, { reason = 'displaced', by = by, replaced = true })
  replaced_hashes[#replaced_hashes + 1] = session.hash
end
for at, session in ipairs(displaced) do
  finish(session, { reason = 'displaced', by = by })
  displaced_hashes[at] = session.hash
end

local sequence = last + 1
redis.call('HSET', gate, 'last_sequence', sequence)
redis.call('HSET', rows .. hash, '${FIELDS.id}', id, '${FIELDS.accountId}', account, '${FIELDS.sequence}', sequence,
  '${FIELDS.deviceClass}', device_class, '${FIELDS.deviceName}', device_name, '${FIELDS.method}', said.method,
  '${FIELDS.openedAt}', now, '${FIELDS.authenticatedAt}', is_fresh and now or 0, '${FIELDS.seenAt}', now,
  '${FIELDS.expiresAt}', now + lifetime, '${FIELDS.openedRevision}', held.revision, '${FIELDS.roles}', held.roles)
if device ~= '' then redis.call('HSET', rows .. hash, '${FIELDS.deviceId}', device) end
for field, value in pairs({
  ['${FIELDS.place}'] = said.place, ['${FIELDS.client}'] = said.client, ['${FIELDS.binding}'] = said.binding,
}) do
  if value ~= cjson.null then redis.call('HSET', rows .. hash, field, value) end
end
if #replaced_hashes > 0 then redis.call('HSET', rows .. hash, 'rp', table.concat(replaced_hashes, ' ')) end
if #displaced_hashes > 0 then redis.call('HSET', rows .. hash, 'dp', table.concat(displaced_hashes, ' ')) end
redis.call('ZADD', live, sequence, hash)
redis.call('HSET', ids, id, hash)
redis.call('ZADD', due, now + lifetime, hash)
redis.call('PEXPIRE', rows .. hash, lifetime + spare_rows)
for _, key in ipairs({ gate, live, ids }) do keep(key, lifetime + tonumber(ARGV[12])) end
local entry = { 'at', now, 'kind', 'session_opened', 'account', account, 'session', id,
  'data', cjson.encode({
    method = said.method, sequence = sequence, device = device_name, class = device_class, place = said.place,
    device_id = device ~= '' and device or cjson.null, client = said.client, network = said.network,
    lat = said.lat, lon = said.lon,
  }) }
if said.arrival ~= cjson.null and (#displaced == 0 or not said.is_told_otherwise) then
  entry[#entry + 1] = 'arrival'
  entry[#entry + 1] = said.arrival
end
redis.call('XADD', history, '*', unpack(entry))
return { 'admitted', announced(), row(hash), rows_of(replaced_hashes), rows_of(displaced_hashes) }
`,
  ),
);
