import { MAX_GROWN } from '../../open/open-events.ts';
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
local state = stateOf(id)
local refused = refusal(id, owner, state)
if refused then return refused end
if state.kind ~= 'g' then return { 'kind', state.kind } end
at, length = tonumber(at), tonumber(length)
if at > state.length then return { 'conflict', state.length } end
if length == 0 then return { 'there', state.length, '' } end
if at < state.length then return { 'there', state.length, redis.call('GET', texts .. id) or '' } end
if at + length > ${MAX_GROWN} then return { 'large' } end
local bytes = redis.call('APPEND', texts .. id, text)
if at > 0 and bytes == #text then
  lose(id)
  return { 'none' }
end
if at == 0 then redis.call('PEXPIRE', texts .. id, kept) end
state.length = at + length
renew(state)
change(channel, 'a', id, digits(at), state, text)
return { 'grown', state.length }
`,
  STANDING,
);

/** Replaces the data of a presence. Own ARGV: id, owner, the event in lines, channel. Reply: `done`, or a refusal. */
export const REPLACE = setScript(
  4,
  `
local id, owner, lines, channel = unpack(own)
dropGone()
local state = stateOf(id)
local refused = refusal(id, owner, state)
if refused then return refused end
if state.kind ~= 'p' then return { 'kind', state.kind } end
local begun = string.match(redis.call('HGET', events, id) or '', '^[^\\n]*')
redis.call('HSET', events, id, begun .. '\\n' .. lines)
renew(state)
change(channel, 'r', id, '-', state, lines)
return { 'done' }
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
  local state = stateOf(id)
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
