import { IDEMPOTENCY_MS } from '../../broker.ts';
import { FORMAT } from './format.ts';
import { RULES } from './rules-script.ts';
import { OPEN } from './scripts.ts';

/** Ms between two trims by age of a log that is written to: a record may stay that much longer. */
const TRIM_MS = 1000;

/** Field of a hash of ids that holds the ids' epoch. Ids are encoded without blanks, so none has this name. */
const MARK = ' ';

/**
 * Appends a batch of entries, or none of them: an error can only occur at the first write. Erases records in the same
 * step, where it is told some: then the entries are the notices of that.
 *
 * KEYS: 4 the ids of the last minutes and 5 the ids of the minutes before, each with the cursor of its record. Ids of
 * another epoch are ignored: their cursors are invalid. Ids that Redis evicted before their time are restored from the log.
 * From 6 on the list of each rule.
 * ARGV: 6 channel, 7 maxRecords, 8 maxBytes, 9 the epoch and numbers of the records to erase, or empty, 10 "<type> <records> <age> "
 * of each rule, empty where no type has a limit of its own, then type, id, json and meta of each entry.
 * Reply: epoch, the number of foreign entries removed, 1 if ids were evicted and 0 if not, the number of records erased,
 * then for each entry its seq, or
 * the cursor of the first record with its id.
 *
 * Durations are measured with Redis's clock. Times in the log never decrease, even if that clock is set back. A stored
 * deadline further ahead than any that is ever set comes from a clock that ran ahead, and is replaced.
 */
export const PUBLISH = `${OPEN}
local ids, olderIds, channel = KEYS[4], KEYS[5], ARGV[6]
local maxRecords, maxBytes = tonumber(ARGV[7]), tonumber(ARGV[8])
local erasing, FIRST, STEP = ARGV[9], 11, 4
local epoch, seq, lastAt, trimAt, rotateAt, upto, before, olderUntil = open()
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- A clock set back must not reorder the log.
local at = math.max(now, lastAt)
local evicted = 0

-- Removes entries of other programs that stand where the next record belongs.
local function evict()
  while true do
    local foreign = redis.call('XRANGE', log, '(' .. seq .. '-0', '+', 'COUNT', 500)
    if #foreign == 0 then break end
    evicted = evicted + #foreign
    local names = {}
    for i, entry in ipairs(foreign) do names[i] = entry[1] end
    redis.call('XDEL', log, unpack(names))
  end
  if not redis.pcall('XSETID', log, seq .. '-0').err then return end
  -- Some servers refuse an id below that of a deleted entry: then the log is written anew.
  local entries = redis.call('XRANGE', log, '-', '+')
  redis.call('UNLINK', log)
  for _, entry in ipairs(entries) do redis.call('XADD', log, entry[1], unpack(entry[2])) end
end

-- Appends the next record. 'place' is its number, as text.
local function append(place, ...)
  local added = redis.pcall('XADD', log, place .. '-0', ...)
  if type(added) == 'table' and added.err then
    -- "The ID … is equal or smaller than …", "The stream has exhausted the last possible ID"
    if not string.find(added.err, 'ID', 1, true) then return added end
    evict()
    redis.call('XADD', log, place .. '-0', ...)
  end
  seq = seq + 1
end

-- Drops the records before a number.
local function trimTo(first)
  redis.call('XTRIM', log, 'MINID', first .. '-0')
  if erasedAt > 0 then redis.call('ZREMRANGEBYSCORE', erased, '-inf', '(' .. first) end
end

-- Trims by bytes. Each record has the total of bytes up to its end, so the oldest that fits is found by binary search.
-- 'before' is the total up to the last record trimmed by bytes; more may have been trimmed since. Erased records count
-- with the bytes that they had: Redis keeps those until it has trimmed all of the stream's node.
local function trimBytes()
  local from, to = recordFrom(1, seq) or seq, seq - 1
  while from < to do
    local middle = math.floor((from + to) / 2)
    local found, _, _, reached = recordFrom(middle, seq)
    if upto - reached <= maxBytes then to = middle else from = found + 1 end
  end
  if from >= seq then return end
  local found, _, _, reached = recordFrom(from, seq)
  trimTo(math.min(found + 1, seq))
  redis.call('HSET', meta, 'before', reached)
end

${RULES}
if #rules > 0 then openRules() end

-- id → cursor, of the ids that were published before. Lua takes only some thousand arguments at once, hence the parts
-- of 1000 here and below.
local known, asked, ours = {}, { '${MARK}' }, epoch .. ':'
for arg = FIRST, #ARGV, STEP do asked[#asked + 1] = ARGV[arg + 1] end
local mark, olderMark
for from = 1, #asked, 1000 do
  local to = math.min(from + 999, #asked)
  local recent = redis.call('HMGET', ids, unpack(asked, from, to))
  local older = redis.call('HMGET', olderIds, unpack(asked, from, to))
  if from == 1 then mark, olderMark = recent[1], older[1] end
  for i = 1, #recent do
    local place = recent[i] or older[i]
    if place and string.find(place, ours, 1, true) == 1 then known[asked[from + i - 1]] = place end
  end
end

local fresh = {} -- ids to be remembered, each followed by its cursor
local function remember(id, place)
  local n = #fresh
  fresh[n + 1], fresh[n + 2] = id, place
  known[id] = place
end

-- Restores the ids of the last minutes from the log, as far as it holds their records.
local function recall()
  local start = seek(seq, now - ${IDEMPOTENCY_MS}) .. '-0'
  while true do
    local entries = redis.call('XRANGE', log, start, seq .. '-0', 'COUNT', 500)
    for _, entry in ipairs(entries) do
      local place, head = record(entry)
      local id = string.match(head or '', '^%d+ %d+ ([^ ]*) ')
      if id then remember(id, ours .. place) end
    end
    if #entries < 500 then break end
    start = '(' .. entries[500][1]
  end
  if erasedAt == 0 then return end
  for _, gone in ipairs(redis.call('ZRANGE', erased, seek(seq, now - ${IDEMPOTENCY_MS}), seq, 'BYSCORE')) do
    local place, id = string.match(gone, '^(%d+) %d+ %d+ ([^ ]*) ')
    remember(id, ours .. place)
  end
end

-- Ids are remembered from one rotation to the next, and for as long after it as between two.
local idsUntil = rotateAt + ${IDEMPOTENCY_MS}
-- (Older versions of this project write no mark: a hash without one is not lost.)
local lost = seq > 0 and (mark ~= epoch and now < idsUntil and redis.call('EXISTS', ids) == 0
  or olderMark ~= epoch and now < olderUntil)
if lost then recall() end

-- Takes records out of the log, but for their heads. Returns their number.
local function erase(numbers)
  local count = 0
  for number in string.gmatch(numbers, '%d+') do
    local id = number .. '-0'
    local entry = redis.call('XRANGE', log, id, id)[1]
    local place, head = nil, nil
    if entry then place, head = record(entry) end
    if place and not string.find(head, '\\n', 1, true) then
      redis.call('XDEL', log, id)
      redis.call('ZADD', erased, number, number .. ' ' .. head)
      if #rules > 0 or ruleText ~= '' then
        local _, _, json, annotations = record(entry)
        before = before + #json + #annotations
      end
      count = count + 1
    end
  end
  return count
end

local reply = { epoch, 0, lost and 1 or 0, 0 }
if erasing ~= '' then
  local of, numbers = string.match(erasing, '^(%w+)(.*)$')
  if of ~= epoch then return reply end
  reply[4] = erase(numbers)
  if reply[4] == 0 then
    -- The answer was lost on its way, and this is the second attempt.
    if known[ARGV[FIRST + 1]] then
      for number in string.gmatch(numbers, '%d+') do
        if erasedFrom(number, number) then reply[4] = reply[4] + 1 end
      end
    end
    return reply
  end
end
-- Numbers become text by format, and once each: '..' takes longer to write one than to copy a text.
local atText = string.format('%.0f', at)
local notice = { epoch .. ' ' .. (seq + 1) .. ' ' .. at }
for arg = FIRST, #ARGV, STEP do
  local kind, id, json, annotations = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3]
  if known[id] then
    reply[#reply + 1] = known[id]
  else
    local refused
    upto = upto + #json + #annotations
    local place = string.format('%.0f', seq + 1)
    local head = atText .. ' ' .. string.format('%.0f', upto) .. ' ' .. id .. ' ' .. kind
    if annotations == '' then
      refused = append(place, 'head', head, 'json', json)
    else
      refused = append(place, 'head', head, 'json', json, 'meta', annotations)
    end
    if refused then return refused end
    if indexed == seq - 1 and #rules > 0 then
      index(place, kind)
      indexed = seq
    end
    remember(id, ours .. place)
    reply[#reply + 1] = seq
    local n = #notice
    notice[n + 1], notice[n + 2], notice[n + 3], notice[n + 4] = kind, id, json, annotations
  end
end
reply[2] = evicted
if reply[4] > 0 then
  erasedAt = seq
  redis.call('HSET', meta, 'erased', seq, 'before', before)
  local left = redis.call('PTTL', log)
  redis.call('PEXPIRE', erased, left > 0 and left or maxAge)
end
if #fresh == 0 then return reply end

redis.call('HSET', meta, 'seq', seq, 'at', at, 'upto', upto, 'format', ${FORMAT})
local rotates = lost or now >= rotateAt or now < rotateAt - ${IDEMPOTENCY_MS}
if rotates then
  redis.call('UNLINK', olderIds)
  if redis.call('EXISTS', ids) == 1 then redis.call('RENAME', ids, olderIds) end
  redis.call('HSET', meta, 'rotateAt', now + ${IDEMPOTENCY_MS}, 'olderUntil', mark == epoch and idsUntil or 0)
  redis.call('HSET', ids, '${MARK}', epoch)
  redis.call('PEXPIRE', ids, ${2 * IDEMPOTENCY_MS})
end
for from = 1, #fresh, 1000 do
  redis.call('HSET', ids, unpack(fresh, from, math.min(from + 999, #fresh)))
end
-- Searching for old records costs more than an append, so it is done once in a while.
local byAge = now >= trimAt or now < trimAt - ${TRIM_MS} or redis.call('PTTL', log) < 0
local shortest, more = maxAge, false
if #rules > 0 then
  more = trimByRules(byAge)
  for _, rule in ipairs(rules) do shortest = math.min(shortest, rule.age) end
else
  if seq > maxRecords then trimTo(seq - maxRecords + 1) end
  if upto - before > maxBytes then trimBytes() end
  if byAge then trimTo(seek(seq, now - maxAge)) end
end
if byAge then
  local pause = math.max(1, math.floor(math.min(shortest / 10, ${TRIM_MS})))
  redis.call('HSET', meta, 'trimAt', now + (more and 0 or pause))
  redis.call('PEXPIRE', log, maxAge + pause)
  for _, rule in ipairs(rules) do redis.call('PEXPIRE', rule.list, maxAge + pause) end
  if erasedAt > 0 then redis.call('PEXPIRE', erased, maxAge + pause) end
  redis.call('PEXPIRE', meta, metaTtl(seq))
end
if #notice > 1 then redis.call('SPUBLISH', channel, table.concat(notice, '\\n')) end
return reply
`;
