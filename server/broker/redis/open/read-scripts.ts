import { setScript } from './set-script.ts';

/** Ms between two looks at a set that has events, at most: its keys are kept by that. */
export const LOOK_MS = 24 * 60 * 60 * 1000;
/** Characters of texts after which no further lapsed event is added to a reply. */
const LAPSED_CHARS = 1024 * 1024;

/** An event. Own ARGV: id. Reply: `open`, and id, state, beginning and text; `settled`, and the settlement; or `none`. */
export const FIND = setScript(
  1,
  `
local id = own[1]
if isGone() then return { 'none' } end
local state = redis.call('HGET', set, id)
if state then
  local found, _, begun, text = parts(id, state)
  return found and { 'open', id, state, begun, text } or { 'none' }
end
local settled = settlementOf(id)
return settled and { 'settled', settled } or { 'none' }
`,
);

/**
 * The stand of a set, and all its events if they are asked for. It writes nothing: a server that takes no writes must answer it.
 * Own ARGV: 1 for the events. Reply: epoch and seq of the log's end, revision, stamp, then id, state, beginning and text of each.
 */
export const READ_SET = setScript(
  1,
  `
local gone = isGone()
local reply = { epoch, seq, revision, digits(stamp) }
if gone or own[1] == '' then return reply end
local states, n = redis.call('HGETALL', set), #reply
for field = 1, #states, 2 do
  if states[field] ~= ' ' then
    local id, state, begun, text = parts(states[field], states[field + 1])
    if id then
      reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = id, state, begun, text
      n = n + 4
    end
  end
end
return reply
`,
);

/**
 * Events whose time is over, those that ended first before the others. Own ARGV: most events, and ids to pass over, with blanks between.
 * Reply: ms until the next look, empty if nothing is open; then id, state, beginning and text of each.
 */
export const LOOK = setScript(
  2,
  `
local most, room = tonumber(own[1]), ${LAPSED_CHARS}
local aside = {}
for id in string.gmatch(own[2], '%S+') do aside[id] = true end
dropGone()
local states, over, first = redis.call('HGETALL', set), {}, nil
for field = 1, #states, 2 do
  local id = states[field]
  if id ~= ' ' then
    local state = read(states[field + 1])
    first = math.min(first or state.over, state.over)
    if state.over <= now and not aside[id] then over[#over + 1] = { id, states[field + 1], state.over } end
  end
end
if not first then return { '' } end
-- Nothing of a set in use is forgotten, however long its events are open.
if redis.call('PTTL', set) < kept / 2 or redis.call('PTTL', meta) < kept / 2 then
  local all = redis.call('HGETALL', events)
  for field = 1, #all, 2 do
    redis.call('PEXPIRE', texts .. all[field], kept)
    redis.call('PEXPIRE', idOf .. string.match(all[field + 1], '^%S+ (%S+)'), kept)
  end
  for _, name in ipairs({ set, events, meta }) do redis.call('PEXPIRE', name, kept) end
end
table.sort(over, function(a, b) return a[3] < b[3] end)
local reply = { digits(math.max(0, math.min(first - now, ${LOOK_MS}))) }
for _, each in ipairs(over) do
  if most == 0 or room <= 0 then break end
  local id, state, begun, text = parts(each[1], each[2])
  if id then
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = id, state, begun, text
    most, room = most - 1, room - #text
  else
    lose(each[1], read(each[2]))
  end
end
return reply
`,
);
