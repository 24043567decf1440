import type { Result } from 'ioredis';
import { IDEMPOTENCY_MS } from '../broker.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    psychePublish(keyCount: number, ...keysAndArgs: (string | number)[]): Result<unknown, Context>;
    psycheRead(...keysAndArgs: (string | number)[]): Result<unknown, Context>;
    psycheSeek(...keysAndArgs: (string | number)[]): Result<unknown, Context>;
  }
}

/** How long a topic's epoch and sequence number are remembered after its log expired: until then nothing is renumbered. */
const META_OUTLIVES_LOG_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * What all scripts begin with.
 *
 * KEYS: log, meta. ARGV: 1 a new epoch in case it is needed, 2 maxAge in ms, and the latest record this process has
 * seen: 3 its epoch, 4 its seq, 5 its id, each empty if not known.
 */
const OPEN = `
local log, meta, maxAge = KEYS[1], KEYS[2], tonumber(ARGV[2])
local metaTtl = maxAge + ${META_OUTLIVES_LOG_MS}

-- The fields of an entry this project wrote, and its number; nil for anybody else's.
local function record(entry)
  local seq = string.match(entry[1], '^(%d+)%-0$')
  if not seq then return nil end
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  fields.seq, fields.at = tonumber(seq), tonumber(fields.at)
  return fields.at and fields.type and fields.id and fields.json and fields
end

-- The first record numbered from..last.
local function recordFrom(from, last)
  local start = from .. '-0'
  while true do
    local entry = redis.call('XRANGE', log, start, last .. '-0', 'COUNT', 1)[1]
    if not entry then return nil end
    local found = record(entry)
    if found then return found end
    start = '(' .. entry[1]
  end
end

-- A log that lacks what a process has seen in it was rewound (a failover, an old snapshot): its numbers will be
-- given, or were given, a second time.
local function rewound(epoch, seq)
  local seenSeq, seenId = tonumber(ARGV[4]), ARGV[5]
  if epoch ~= ARGV[3] or not seenSeq then return false end
  if seq < seenSeq then return true end
  local found = seenId ~= '' and recordFrom(seenSeq, seenSeq)
  return found and found.id ~= seenId
end

-- The topic's state. A log without an epoch, or rewound, cannot be trusted: an empty one of a new epoch replaces it.
local function open()
  local state = redis.call('HMGET', meta, 'epoch', 'seq', 'at', 'trimAt')
  local epoch, seq = state[1], tonumber(state[2] or 0)
  if not epoch or rewound(epoch, seq) then
    epoch, seq = ARGV[1], 0
    redis.call('HSET', meta, 'epoch', epoch, 'seq', seq)
    redis.call('PEXPIRE', meta, metaTtl)
    redis.call('UNLINK', log)
  end
  return epoch, seq, tonumber(state[3] or 0), tonumber(state[4] or 0)
end

-- The number of the first record appended at or after a time, last + 1 if there is none.
local function seek(last, at)
  local oldest = recordFrom(1, last)
  local from, to = oldest and oldest.seq or last + 1, last + 1
  if oldest and oldest.at >= at then return from end
  while from < to do
    local middle = math.floor((from + to) / 2)
    local found = recordFrom(middle, last)
    if not found or found.at >= at then to = middle else from = found.seq + 1 end
  end
  return from
end
`;

/**
 * Appends a batch of entries, or none: whatever can fail fails at the first write.
 *
 * KEYS 3…: one per entry, for its id. ARGV: 6 channel, 7 maxRecords, then per entry its type, id, json and meta.
 * Reply: epoch, how many foreign entries were removed, then per entry its seq, or the cursor of the first record
 * with its id.
 */
export const PUBLISH = `${OPEN}
local channel, maxRecords = ARGV[6], tonumber(ARGV[7])
local epoch, seq, lastAt, trimAt = open()
local time = redis.call('TIME')
-- A clock set back must not reorder the log.
local at = math.max(time[1] * 1000 + math.floor(time[2] / 1000), lastAt)
local evicted = 0

-- Somebody else's entries stand where the next record belongs.
local function evict()
  while true do
    local foreign = redis.call('XRANGE', log, '(' .. seq .. '-0', '+', 'COUNT', 500)
    if #foreign == 0 then break end
    evicted = evicted + #foreign
    local ids = {}
    for i, entry in ipairs(foreign) do ids[i] = entry[1] end
    redis.call('XDEL', log, unpack(ids))
  end
  if not redis.pcall('XSETID', log, seq .. '-0').err then return end
  -- Newer servers do not set the id back below one that was deleted: the log is written anew.
  local entries = redis.call('XRANGE', log, '-', '+')
  redis.call('DEL', log)
  for _, entry in ipairs(entries) do redis.call('XADD', log, entry[1], unpack(entry[2])) end
end

local function append(number, fields)
  local added = redis.pcall('XADD', log, number .. '-0', unpack(fields))
  if type(added) ~= 'table' or not added.err then return nil end
  if not string.find(added.err, 'equal or smaller', 1, true) then return added end
  evict()
  redis.call('XADD', log, number .. '-0', unpack(fields))
end

local known = {}
for from = 3, #KEYS, 1000 do
  local cursors = redis.call('MGET', unpack(KEYS, from, math.min(from + 999, #KEYS)))
  for i, cursor in ipairs(cursors) do known[KEYS[from + i - 1]] = cursor end
end

local reply, fresh = { epoch, 0 }, {}
local notice = { epoch .. ' ' .. (seq + 1) .. ' ' .. at }
for i = 3, #KEYS do
  local key, arg = KEYS[i], 8 + (i - 3) * 4
  if known[key] then
    reply[#reply + 1] = known[key]
  else
    local kind, id, json, annotations = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3]
    local fields = { 'at', at, 'type', kind, 'id', id, 'json', json }
    if annotations ~= '' then
      fields[9], fields[10] = 'meta', annotations
    end
    local refused = append(seq + 1, fields)
    if refused then return refused end
    seq = seq + 1
    known[key] = epoch .. ':' .. seq
    fresh[#fresh + 1] = key
    reply[#reply + 1] = seq
    local n = #notice
    notice[n + 1], notice[n + 2], notice[n + 3], notice[n + 4] = kind, id, json, annotations
  end
end

if #fresh > 0 then
  redis.call('HSET', meta, 'seq', seq, 'at', at)
  for _, key in ipairs(fresh) do redis.call('SET', key, known[key], 'PX', ${IDEMPOTENCY_MS}) end
  if seq > maxRecords then redis.call('XTRIM', log, 'MINID', (seq - maxRecords + 1) .. '-0') end
  if at >= trimAt then
    -- Looking for the old ones costs more than an append, so it is done now and then.
    local pause = math.max(1, math.floor(math.min(maxAge / 10, 1000)))
    redis.call('XTRIM', log, 'MINID', seek(seq, at - maxAge) .. '-0')
    redis.call('HSET', meta, 'trimAt', at + pause)
    redis.call('PEXPIRE', log, maxAge + pause)
    redis.call('PEXPIRE', meta, metaTtl)
  end
  redis.call('PUBLISH', channel, table.concat(notice, '\\n'))
end
reply[2] = evicted
return reply
`;

/**
 * The log's bounds and the records after a position, of one moment.
 *
 * ARGV: 6 epoch and 7 seq of the position, 8 the number of records, 9 the characters of JSON after which no further
 * record is added.
 * Reply: epoch, first, last, the number up to which the log was read, how many foreign entries were passed over, then
 * seq, at, type, id, json, meta of each record.
 */
export const READ = `${OPEN}
local epoch, last = open()
local from, limit, room = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
-- Whoever reads still needs the topic; a server that takes no writes must go on reading.
if redis.call('PTTL', meta) < metaTtl / 2 then redis.pcall('PEXPIRE', meta, metaTtl) end
local oldest = recordFrom(1, last)
local first = oldest and oldest.seq or last + 1
if ARGV[6] ~= epoch or from < first - 1 then from = first - 1 end
if from > last then from = last end

local reply = { epoch, first, last, from, 0 }
local start = (from + 1) .. '-0'
while limit > 0 and room > 0 do
  local count = math.min(limit, 100)
  local entries = redis.call('XRANGE', log, start, last .. '-0', 'COUNT', count)
  for _, entry in ipairs(entries) do
    local found = record(entry)
    if not found then
      reply[5] = reply[5] + 1
    else
      local n = #reply
      reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = found.seq, found.at, found.type, found.id
      reply[n + 5], reply[n + 6] = found.json, found.meta or ''
      reply[4] = found.seq
      limit, room = limit - 1, room - #found.json
      if room <= 0 then break end
    end
  end
  if #entries < count then
    if room > 0 then reply[4] = last end
    break
  end
  start = '(' .. entries[#entries][1]
end
return reply
`;

/** ARGV: 6 a time, Unix ms. Reply: epoch, and the number before the first record appended at or after it. */
export const SEEK = `${OPEN}
local epoch, last = open()
return { epoch, seek(last, tonumber(ARGV[6])) - 1 }
`;
