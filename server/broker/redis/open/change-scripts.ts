import { ANSWERED_MS, MAX_OPEN_CHARS, SETTLED_MS } from '../../open/open-events.ts';
import { MAX_SETTLED } from '../../open/settled-events.ts';
import { PUBLISH } from '../log/publish-script.ts';
import { setScript } from './set-script.ts';

/**
 * The publish script as a function: the record of a change is appended by what appends all records, in the script that
 * makes the change. It returns its reply, or an error before anything was written; later writes of a script are not refused.
 */
const PUBLISHING = `
local channel = ARGV[6]
local function publish()
${PUBLISH}
end

-- Appends the record of a change, if it has one. Returns the reply of the publish script, and the cursor of the record or,
-- without one, of the last record. 'anew': although somebody has published under its id.
local function appended(anew)
  if #ARGV < 11 then return {}, epoch .. ':' .. digits(seq) end
  local reply = publish()
  if anew and type(reply[5]) == 'string' then
    redis.call('HDEL', KEYS[4], ARGV[12])
    redis.call('HDEL', KEYS[5], ARGV[12])
    reply = publish()
  end
  if reply.err then return reply end
  local place = reply[5]
  if type(place) == 'string' then return reply, place end
  seq = place
  return reply, epoch .. ':' .. digits(place)
end

-- The answer of a change, and after it the reply of the publish script.
local function answer(values, reply)
  for _, value in ipairs(reply) do values[#values + 1] = value end
  return values
end
`;

/**
 * Begins an event. Own ARGV: id, owner, letter of the kind, lease, hash of type and key, most events, a token of the call,
 * the event in lines, text, its length, and the size of key and entry.
 * Reply: `open`, id, cursor, 1 if it was open before and 0 if not, and the reply of the publish script if the event is a
 * record; `settled`, id, cursor, the settlement; or a refusal.
 */
export const BEGIN = setScript(
  11,
  `${PUBLISHING}
local id, owner, kind, lease, key, most, token, lines, text, length, sized = unpack(own)
dropGone()
local of, held, began = string.match(redis.call('GET', idOf .. key) or '', '^(%S+) (%S+) (%S+)$')
if of == epoch then
  local state = wholeStateOf(held)
  local settled, by, _, cursor
  if not state then settled, by, _, cursor = settlementOf(held) end
  if (state and state.owner or by or owner) ~= owner then return { 'forbidden' } end
  if settled then return { 'settled', held, cursor, settled } end
  if state then
    if kind ~= 'q' then
      state.lease = tonumber(lease)
      renew(state)
      redis.call('HSET', set, held, written(state))
    end
    local cursor = string.match(redis.call('HGET', events, held), '^%S*')
    return { 'open', held, cursor, began == token and 0 or 1 }
  end
end
if redis.call('HEXISTS', set, id) == 1 or settlementOf(id) then return { 'forbidden' } end
-- One field tells where the set stands.
if redis.call('HLEN', set) > tonumber(most) then return { 'full', most } end
size = size + length + sized
if size > ${MAX_OPEN_CHARS} then return { 'heavy' } end
local reply, cursor = appended()
if reply.err then return reply end
local begun = cursor .. ' ' .. key .. '\\n' .. lines
redis.call('HSET', events, id, begun)
if text ~= '' then redis.call('SET', texts .. id, text, 'PX', kept) end
redis.call('SET', idOf .. key, epoch .. ' ' .. id .. ' ' .. token, 'PX', kept)
local state = {
  owner = owner, lease = tonumber(lease), kind = kind, rev = 0, over = now + lease, length = tonumber(length),
  size = tonumber(sized),
}
change(channel, 'b', id, '-', state, written(state) .. '\\n' .. begun .. '\\n' .. text)
redis.call('PEXPIRE', set, kept)
redis.call('PEXPIRE', events, kept)
if redis.call('PTTL', meta) < kept / 2 then redis.call('PEXPIRE', meta, kept) end
return answer({ 'open', id, cursor, 0 }, reply)
`,
);

/**
 * Settles an event. Own ARGV: id, state, the owner or `lapsed` or `anybody`, the revision that it must have or '', a token of
 * the call, the settlement in lines.
 * Reply: `done`, the settlement, and the reply of the publish script if it is a record; `changed`; or a refusal.
 */
export const SETTLE = setScript(
  6,
  `${PUBLISHING}
local id, how, as, rev, token, lines = unpack(own)
dropGone()
local state = stateOf(id)
if not state then
  local settled, owner, by = settlementOf(id)
  if not settled then return { 'none' } end
  -- The second attempt of a call whose answer was lost.
  if by == token then return { 'done', settled } end
  if as == 'lapsed' or as == 'anybody' or as == owner then return { 'settled', settled } end
  return { 'forbidden' }
end
if as == 'lapsed' then
  if state.over > now then return { 'changed' } end
elseif as == 'anybody' then
  if state.over <= now then return { 'changed' } end
elseif as ~= state.owner then
  return { 'forbidden' }
end
if rev ~= '' and tonumber(rev) ~= state.rev then return { 'changed' } end
local reply, cursor = appended(true)
if reply.err then return reply end
local begun, key = string.match(redis.call('HGET', events, id) or '', '^(%S+) (%S+)\\n')
local remembered = state.kind == 'q' and ${ANSWERED_MS} or ${SETTLED_MS}
local head = { epoch, state.owner, token, begun or cursor, cursor, key or '-', state.kind }
local settled = table.concat(head, ' ') .. '\\n' .. lines
redis.call('SET', settledOf .. id, settled, 'PX', remembered)
if key then redis.call('SET', idOf .. key, epoch .. ' ' .. id .. ' ' .. token, 'PX', remembered) end
-- Of more settlements the oldest goes before its time: nobody can fill Redis by joining and leaving.
local order = set .. ':order:' .. state.kind
if redis.call('RPUSH', order, id .. ' ' .. (key or '-')) > ${MAX_SETTLED} then
  local oldest, its = string.match(redis.call('LPOP', order), '^(%S+) (%S+)$')
  redis.call('UNLINK', settledOf .. oldest)
  local held = string.match(redis.call('GET', idOf .. its) or '', '^%S+ (%S+) ')
  if held == oldest then redis.call('UNLINK', idOf .. its) end
end
redis.call('PEXPIRE', order, remembered)
leave(channel, id, how, state)
return answer({ 'done', settled }, reply)
`,
);
