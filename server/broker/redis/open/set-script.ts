import { OPEN } from '../log/scripts.ts';

/** Beginning of every announcement about an open set. No epoch is such a word, so no record is announced like that. */
export const ANNOUNCED = 'open';

/**
 * Beginning of all scripts of open sets. The keys of a set:
 * - `…:open`: hash. Field ' ' is "<epoch> <revision> <stamp> <size>". An id's field is the state of that event, the only
 *   part that an update writes anew: "<owner> <lease> <kind> <revision> <until> <length> <size>". The owner is a hash of key
 *   and subject; the length is that of the text, and the size that of key and entry, in UTF-16 code units, which Node
 *   counts. The size of the set is that of all its events with their texts.
 * - `…:open:events`: hash. An id's field is "<cursor> <hash of type and key>", then the event as it was begun, in lines.
 * - `…:open:text:<id>`: string, the text of a growing event. It is appended to, so an update costs its own bytes here, in the
 *   append-only file and on the way to replicas.
 * - `…:open:settled:<id>`: string, "<epoch> <owner> <token> <cursor of the opening> <cursor> <hash of type and key>
 *   <kind>", then the settlement.
 * - `…:open:order:<kind>`: list, "<id> <hash of type and key>" of the settlements that are remembered, the oldest first.
 * - `…:open:key:<hash of type and key>`: string, "<epoch> <id> <token>". A token is of one call: with it, the second attempt of
 *   a call whose answer was lost is known.
 *
 * A stamp is Redis's time in µs, and larger than the one before: each change has one, and names the one before it, so two
 * changes with one number in two histories of the set (a failover) are told apart.
 *
 * KEYS: as all scripts, then those of a script that this one holds, then the keys that are known to be of the event, and
 * last the set. Scripts make the names of other keys: they begin with the set's name, and share its hash tag, so they are in
 * the same slot of a Cluster. While that slot moves, Redis refuses a script of which it has some of the KEYS and not others;
 * an event never has all of its own. So no script ends midway since it lacks a key that it made the name of.
 * ARGV: as all scripts, then those of a script that this one holds, then `count` of its own.
 */
export function setScript(count: number, text: string, opening = OPEN): string {
  return `${opening}
local own = {}
for n = ${count}, 1, -1 do own[n] = table.remove(ARGV) end
local set = KEYS[#KEYS]
local events, texts = set .. ':events', set .. ':text:'
local settledOf, idOf = set .. ':settled:', set .. ':key:'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch, seq = open()
local revision, stamp, size = 0, 0, 0

-- Numbers become text by format: '..' rounds those of more than 14 digits.
local function digits(number) return string.format('%.0f', number) end

-- Ms that keys of a set are kept after it was last begun or looked at: as long as the topic's state.
local kept = metaTtl(1)

-- Finds out where the set stands. Returns true if it is that of another epoch, gone with its log, or if Redis lost a part of it.
local function isGone()
  local stood = redis.call('HGET', set, ' ')
  if not stood then return redis.call('EXISTS', events) == 1 end
  local of, at, stamped, sized = string.match(stood, '^(%w+) (%d+) (%d+) (%d+)$')
  if of ~= epoch then return true end
  revision, stamp, size = tonumber(at), tonumber(stamped), tonumber(sized)
  return false
end

-- Takes a set that is gone away.
local function dropGone()
  if not isGone() then return end
  for _, id in ipairs(redis.call('HKEYS', events)) do redis.call('UNLINK', texts .. id) end
  redis.call('UNLINK', set, events)
end

local function read(text)
  local owner, lease, kind, rev, over, length, sized =
    string.match(text, '^(%S+) (%d+) (%a) (%d+) (%d+) (%d+) (%d+)$')
  return {
    owner = owner, lease = tonumber(lease), kind = kind, rev = tonumber(rev), over = tonumber(over),
    length = tonumber(length), size = tonumber(sized),
  }
end

-- The state of an event that is open, or nil.
local function stateOf(id)
  local text = redis.call('HGET', set, id)
  return text and read(text) or nil
end

local function written(state)
  return state.owner .. ' ' .. digits(state.lease) .. ' ' .. state.kind .. ' ' .. digits(state.rev) .. ' '
    .. digits(state.over) .. ' ' .. digits(state.length) .. ' ' .. digits(state.size)
end

-- A question has a deadline, which nothing moves.
local function renew(state)
  if state.kind ~= 'q' then state.over = now + state.lease end
end

-- How an event was settled in this epoch, if that is remembered: the text, owner, token and cursor of the opening.
local function settlementOf(id)
  local text = redis.call('GET', settledOf .. id)
  if not text then return nil end
  local of, owner, token, begun = string.match(text, '^(%S+) (%S+) (%S+) (%S+) ')
  if of == epoch then return text, owner, token, begun end
end

-- Counts a change. Returns where the set stands after it.
local function step()
  revision, stamp = revision + 1, math.max(time[1] * 1000000 + time[2], stamp + 1)
  return epoch .. ' ' .. digits(revision) .. ' ' .. digits(stamp) .. ' ' .. digits(size)
end

-- Moves the set on by a change, and announces it. 'state' is nil for an event that leaves the set.
local function change(channel, what, id, detail, state, body)
  local before = stamp
  local stands = step()
  if state then
    state.rev = revision
    redis.call('HSET', set, ' ', stands, id, written(state))
  else
    redis.call('HDEL', set, id)
    redis.call('HSET', set, ' ', stands)
  end
  local head = { '${ANNOUNCED}', epoch, digits(seq), digits(revision), digits(before), digits(stamp), what, id, detail }
  redis.call('SPUBLISH', channel, table.concat(head, ' ') .. '\\n' .. body)
end

-- Takes an event out of the set, with its text.
local function leave(channel, id, how, state)
  size = size - state.length - state.size
  redis.call('HDEL', events, id)
  redis.call('UNLINK', texts .. id)
  change(channel, 's', id, how, nil, '')
end

-- An event as replies have it: id, state, what it was begun with, and text. nil if Redis has lost a part of it.
local function parts(id, state)
  local begun, text = redis.call('HGET', events, id), redis.call('GET', texts .. id)
  if not begun or not text and read(state).length > 0 then return nil end
  return id, state, begun, text or ''
end

-- Takes out an event of which Redis has lost a part. Nothing can be told of it: tails find by their check that the set is another.
local function lose(id, state)
  size = size - state.length - state.size
  redis.call('HDEL', set, id)
  redis.call('HDEL', events, id)
  redis.call('UNLINK', texts .. id)
  redis.call('HSET', set, ' ', step())
end

-- The state of an event that is open, or nil. One of which Redis has lost a part is taken out: its owner may begin it again.
local function wholeStateOf(id)
  local state = stateOf(id)
  if not state then return nil end
  local hasText = state.length == 0 or redis.call('EXISTS', texts .. id) == 1
  if hasText and redis.call('HEXISTS', events, id) == 1 then return state end
  lose(id, state)
end

-- The answer to a change of an event that is not open, or not its owner's; nil if it may be made.
local function refusal(id, owner, state)
  if state then return state.owner ~= owner and { 'forbidden' } or nil end
  local settled, by = settlementOf(id)
  if not settled then return { 'none' } end
  return by == owner and { 'settled', settled } or { 'forbidden' }
end
${text}`;
}
