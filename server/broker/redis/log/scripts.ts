import type { Result } from 'ioredis';
import { FORMAT, REFUSE_LATER } from './format.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    psychePublish(...keysAndArgs: (string | number | string[])[]): Result<unknown, Context>;
    psycheRead(...keysAndArgs: (string | number)[]): Result<unknown, Context>;
    psycheSeek(...keysAndArgs: (string | number)[]): Result<unknown, Context>;
  }
}

/** Ms that a topic's epoch and sequence number are remembered after its log expired, so that no number is given twice. */
export const META_OUTLIVES_LOG_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Ms that a topic without any publish is remembered after it was last asked for: there may be any number of such names. A
 * reader that comes back later is told of a change of epoch.
 */
const EMPTY_TOPIC_MS = 60 * 60 * 1000;

/**
 * Beginning of all scripts.
 *
 * KEYS: log, meta, erased records. ARGV: 1 a new epoch in case it is needed, 2 maxAge in ms, and the latest record this process has
 * seen: 3 its epoch followed by the topic's earlier epochs, 4 its seq, 5 its id; each is empty if not known.
 */
export const OPEN = `
local log, meta, erased, maxAge = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[2])
-- The number of the last notice of the latest erasing; 0 before the first. 'open' finds it.
local erasedAt = 0
-- What limits of types have done, see the publish script; empty where there never was one. 'open' finds it.
local ruleText = ''
${REFUSE_LATER}
-- How long the state of a topic is kept from now on.
local function metaTtl(seq) return seq == 0 and ${EMPTY_TOPIC_MS} or maxAge + ${META_OUTLIVES_LOG_MS} end

-- Reads an entry of this project: its number, head, JSON and annotations; nil for an entry of another program. The
-- head is "<time> <bytes of the log up to its end> <id> <type>": one field, because each field costs readers time.
local function record(entry)
  local seq, fields = string.match(entry[1], '^(%d+)%-0$'), entry[2]
  if not seq or fields[1] ~= 'head' or fields[3] ~= 'json' then return nil end
  return seq, fields[2], fields[4], fields[5] == 'meta' and fields[6] or ''
end

-- The first erased record numbered from..last: its number and head.
local function erasedFrom(from, last)
  if erasedAt == 0 then return nil end
  local found = redis.call('ZRANGE', erased, from, last, 'BYSCORE', 'LIMIT', 0, 1)[1]
  if found then return string.match(found, '^(%d+) (.*)$') end
end

-- The first record numbered from..last, erased or not: its number, time, id, and the bytes up to its end.
local function recordFrom(from, last)
  local seq, at, upto, id
  local start = from .. '-0'
  while true do
    local entry = redis.call('XRANGE', log, start, last .. '-0', 'COUNT', 1)[1]
    if not entry then break end
    local held, head = record(entry)
    at, upto, id = string.match(head or '', '^(%d+) (%d+) ([^ ]*) ')
    if at then
      seq = held
      break
    end
    start = '(' .. entry[1]
  end
  local gone, head = erasedFrom(from, seq and seq - 1 or last)
  if gone then
    seq = gone
    at, upto, id = string.match(head, '^(%d+) (%d+) ([^ ]*) ')
  end
  if not seq then return nil end
  return tonumber(seq), tonumber(at), id, tonumber(upto)
end

-- Tells if the log was rewound (a failover, an old snapshot): it lacks the record that this process has seen, or has an
-- epoch that another one had replaced. Its numbers then are, or will be, given a second time.
local function rewound(epoch, seq)
  local seenEpoch, left = string.match(ARGV[3], '^(%w*)(.*)$')
  local seenSeq, seenId = tonumber(ARGV[4]), ARGV[5]
  if epoch ~= seenEpoch then return string.find(left .. ' ', ' ' .. epoch .. ' ', 1, true) end
  if not seenSeq then return false end
  if seq < seenSeq then return true end
  local found, _, id = recordFrom(seenSeq, seenSeq)
  return found and seenId ~= '' and id ~= seenId
end

-- Returns the topic's state. A log without an epoch, or one that was rewound, cannot be trusted: an empty log with a
-- new epoch replaces it. Neither the old times nor the old ids hold in it; the publish script ignores the ids.
local function open()
  local state = redis.call('HMGET', meta, 'epoch', 'seq', 'at', 'trimAt', 'rotateAt', 'upto', 'before', 'olderUntil',
    'erased', 'format', 'rules')
  refuseLater(state[10])
  local epoch, seq = state[1], tonumber(state[2] or 0)
  local upto, before = tonumber(state[6] or 0), tonumber(state[7] or 0)
  erasedAt, ruleText = tonumber(state[9] or 0), state[11] or ''
  if not epoch or rewound(epoch, seq) then
    epoch, seq, upto, before, erasedAt, ruleText, state = ARGV[1], 0, 0, 0, 0, '', {}
    redis.call('HSET', meta, 'epoch', epoch, 'seq', 0, 'upto', 0, 'before', 0, 'at', 0, 'trimAt', 0, 'rotateAt', 0,
      'olderUntil', 0, 'erased', 0, 'format', ${FORMAT}, 'rules', '')
    redis.call('PEXPIRE', meta, metaTtl(seq))
    redis.call('UNLINK', log, erased)
  end
  -- A log that was lost alone (evicted, deleted): the heads of its erased records would make it look as if it began with
  -- them, and what is gone between as taken out by limits of types. pcall: a read must be
  -- answered by a server that takes no writes.
  if erasedAt > 0 and redis.call('EXISTS', log) == 0 then redis.pcall('UNLINK', erased) end
  return epoch, seq, tonumber(state[3] or 0), tonumber(state[4] or 0), tonumber(state[5] or 0), upto, before,
    tonumber(state[8] or 0)
end

-- The number of the first record appended at or after a time, or of the hole before it; last + 1 if there is none.
local function seek(last, at)
  local oldest, oldestAt = recordFrom(1, last)
  local from, to = oldest or last + 1, last + 1
  if oldest and oldestAt >= at then return oldest end
  while from < to do
    local middle = math.floor((from + to) / 2)
    local found, foundAt = recordFrom(middle, last)
    if not found or foundAt >= at then to = middle else from = found + 1 end
  end
  return from
end
`;

/**
 * The log's bounds and the records after a position, of one moment.
 *
 * ARGV: 6 epoch and 7 seq of the position, 8 the number of records, 9 the characters of JSON after which no further
 * record is added.
 * Reply: epoch, first, last and the id of that record, the number up to which the log was read, how many foreign
 * entries were passed over, Bounds.erased or 0, what limits of types have done, then seq, head, json and meta of each record, a line each. An erased
 * record has no json.
 */
export const READ = `${OPEN}
-- Tells if a field has a line break: this project writes none.
local function broken(text) return string.find(text, '\\n', 1, true) end

local epoch, last = open()
local from, limit, room = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
-- A topic that is read stays remembered. pcall: a server that takes no writes must still answer reads.
if redis.call('PTTL', meta) < metaTtl(last) / 2 then redis.pcall('PEXPIRE', meta, metaTtl(last)) end
local first = recordFrom(1, last) or last + 1
if ARGV[6] ~= epoch or from < first - 1 then from = first - 1 end
if from > last then from = last end

local _, _, lastId = recordFrom(math.max(1, last), last)
local reached, passedOver, lines = from, 0, {}
-- Erased records of the range, and how many of them are among the lines.
local gone, told = {}, 0
if erasedAt > 0 and limit > 0 then
  gone = redis.call('ZRANGE', erased, from + 1, last, 'BYSCORE', 'LIMIT', 0, limit)
end

local function add(seq, head, json, annotations)
  local n = #lines
  lines[n + 1], lines[n + 2], lines[n + 3], lines[n + 4] = seq, head, json, annotations
  reached = seq
  limit, room = limit - 1, room - #json
end

-- Adds the erased records before a number. Returns false if the page ends before that.
local function addErased(before)
  while gone[told + 1] do
    local seq, head = string.match(gone[told + 1], '^(%d+) (.*)$')
    if tonumber(seq) >= before then break end
    if limit == 0 then return false end
    add(seq, head, '', '')
    told = told + 1
  end
  return limit > 0
end

local start = (from + 1) .. '-0'
while limit > 0 and room > 0 do
  local count = math.min(limit, 32)
  local entries = redis.call('XRANGE', log, start, last .. '-0', 'COUNT', count)
  for _, entry in ipairs(entries) do
    local seq, head, json, annotations = record(entry)
    if not seq or json == '' or broken(head) or broken(json) or broken(annotations) then
      passedOver = passedOver + 1
    else
      if not addErased(tonumber(seq)) then break end
      add(seq, head, json, annotations)
      if room <= 0 then break end
    end
  end
  if #entries < count then
    if room > 0 and addErased(last + 1) then reached = last end
    break
  end
  start = '(' .. entries[#entries][1]
end
-- One text: parsing many replies is most of the work of a process that reads.
return { epoch, first, last, lastId or '', reached, passedOver, erasedAt, ruleText, table.concat(lines, '\\n') }
`;

/** ARGV: 6 a time, Unix ms. Reply: epoch, and the number before the first record appended at or after it, or before the hole there. */
export const SEEK = `${OPEN}
local epoch, last = open()
return { epoch, seek(last, tonumber(ARGV[6])) - 1 }
`;
