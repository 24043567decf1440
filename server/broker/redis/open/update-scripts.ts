import { MAX_GROWN } from '../../../../shared/open/bounds.ts';
import { FORGOTTEN_STATES, MAX_OPEN_CHARS } from '../../open/open-events.ts';
import { REFUSE_LATER } from '../log/format.ts';
import { META_OUTLIVES_LOG_MS } from '../log/scripts.ts';
import { ANNOUNCED, setScript } from './set-script.ts';

/**
 * Beginning of scripts that change what is open already, in place of the one of all scripts: they neither begin an epoch nor look
 * for a log that was rewound, which would be most of their work. A set that was rewound with its log goes once somebody
 * notices; until then it is as any other.
 */
const STANDING = `
local meta, maxAge = KEYS[2], tonumber(ARGV[2])
${REFUSE_LATER}
local function metaTtl() return maxAge + ${META_OUTLIVES_LOG_MS} end
local function open()
  local state = redis.call('HMGET', meta, 'epoch', 'seq', 'format')
  refuseLater(state[3])
  return state[1] or '', tonumber(state[2] or 0)
end
`;

/**
 * Appends to a text. Own ARGV: id, owner, offset, text, its length, channel.
 * Reply: `grown` and the length; `there`, the length, and all text, where nothing was appended since the offset is before the
 * end or there is no text; or a refusal.
 */
export const APPEND = setScript(
  6,
  `
local id, owner, at, text, length, channel = unpack(own)
dropGone()
local state = wholeStateOf(id)
local refused = refusal(id, owner, state)
if refused then return refused end
if state.kind ~= 'g' then return { 'kind', state.kind } end
at, length = tonumber(at), tonumber(length)
if at > state.length then return { 'conflict', state.length } end
if length == 0 then return { 'there', state.length, '' } end
if at < state.length then return { 'there', state.length, redis.call('GET', texts .. id) } end
if at + length > ${MAX_GROWN} then return { 'large' } end
if size + length > ${MAX_OPEN_CHARS} then return { 'crowded' } end
redis.call('APPEND', texts .. id, text)
if at == 0 then redis.call('PEXPIRE', texts .. id, kept) end
state.length, size = at + length, size + length
renew(state)
change(channel, 'a', id, digits(at), state, text)
return { 'grown', state.length }
`,
  STANDING,
);

/** Replaces the data of a presence. Own ARGV: id, owner, the event in lines, the size of key and entry, channel. Reply: `done`, or a refusal. */
export const REPLACE = setScript(
  5,
  `
local id, owner, lines, sized, channel = unpack(own)
dropGone()
local state = wholeStateOf(id)
local refused = refusal(id, owner, state)
if refused then return refused end
if state.kind ~= 'p' then return { 'kind', state.kind } end
if sized - state.size > math.max(0, ${MAX_OPEN_CHARS} - size) then return { 'crowded' } end
size, state.size = size + sized - state.size, tonumber(sized)
local begun = string.match(redis.call('HGET', events, id), '^[^\\n]*')
redis.call('HSET', events, id, begun .. '\\n' .. lines)
renew(state)
change(channel, 'r', id, '-', state, lines)
return { 'done' }
`,
  STANDING,
);

/** Letters of the kinds, and the states of events that were forgotten. */
const FORGOTTEN = `{ g = '${FORGOTTEN_STATES.growing}', q = '${FORGOTTEN_STATES.question}', p = '${FORGOTTEN_STATES.presence}' }`;

/** Forgets an event, open or settled. Own ARGV: id, channel. Reply: nothing. */
export const FORGET = setScript(
  2,
  `
local id, channel = unpack(own)
dropGone()
local state, key, kind = stateOf(id), nil, nil
local forgotten = ${FORGOTTEN}
if state then
  key = string.match(redis.call('HGET', events, id) or '', '^%S+ (%S+)\\n')
  leave(channel, id, forgotten[state.kind], state)
end
local settled = redis.call('GET', settledOf .. id)
if settled then
  key, kind = string.match(settled, '^%S+ %S+ %S+ %S+ %S+ (%S+) (%S+)\\n')
  redis.call('LREM', set .. ':order:' .. kind, 1, id .. ' ' .. key)
  redis.call('UNLINK', settledOf .. id)
end
if not key then return {} end
local held = string.match(redis.call('GET', idOf .. key) or '', '^%S+ (%S+) ')
if held == id then redis.call('UNLINK', idOf .. key) end
return {}
`,
  STANDING,
);

/** Renews leases. Own ARGV: the ids with blanks between, owner. Reply: those that are not open, or are somebody else's. */
export const TOUCH = setScript(
  2,
  `
local ids, owner = unpack(own)
dropGone()
local others = {}
for id in string.gmatch(ids, '%S+') do
  local state = wholeStateOf(id)
  if not state or state.owner ~= owner then
    others[#others + 1] = id
  elseif state.kind ~= 'q' then
    renew(state)
    redis.call('HSET', set, id, written(state))
  end
end
return others
`,
  STANDING,
);

/** Announces an event that is not stored, and writes nothing. Own ARGV: the entry in lines, channel. Reply: epoch and seq of the log's end. */
export const ANNOUNCE = setScript(
  2,
  `
local lines, channel = unpack(own)
redis.call('SPUBLISH', channel, '${ANNOUNCED} ' .. epoch .. ' ' .. digits(seq) .. ' 0 0 0 e - -\\n' .. lines)
return { epoch, seq }
`,
);
