/** Records that one publish indexes, and takes out for each rule, beyond those that it adds. */
const MOST = 1000;

/**
 * Part of the publish script: limits of types. Each rule has a list of the numbers of its records, the oldest first, so
 * that nothing has to be looked for: a record goes with the front of its list. The lists are an index that can be lost: it
 * is made again from the log, some of it with each publish, where it does not fit.
 *
 * The field `rules` of the topic's state is "<indexed> <floor> ", then "<type> <cut> <count> " of each rule: the number up to
 * which records are in lists, the number before the oldest record, and for each rule the number of the last record that it
 * took out and of those in its list. Where there are rules, `before` is the bytes of all records that are gone, and not
 * only of those at the beginning: their total is what can be read.
 */
export const RULES = `
local rules, ruleOf, indexed = {}, {}, 0
local openRules, index, trimByRules
-- Where there are no rules, nothing of it is even defined: a script is run anew with each publish.
if ARGV[10] ~= '' then
for kind, most, age in string.gmatch(ARGV[10], '(%S+) (%d+) (%d+)') do
  local rule = { kind = kind, most = tonumber(most), age = tonumber(age), list = KEYS[6 + #rules], cut = 0, count = 0, fresh = {} }
  rules[#rules + 1] = rule
  ruleOf[kind] = rule
end

-- Bytes of a record; 0 of an erased one.
local function bytesOf(place)
  local entry = redis.call('XRANGE', log, place .. '-0', place .. '-0')[1]
  if not entry then return 0 end
  local _, _, json, annotations = record(entry)
  return json and #json + #annotations or 0
end

-- Counts all that was before the oldest record as gone. 'reached': the bytes up to its end, nil where there is none.
local function countGone(first, reached)
  before = math.max(before, reached and reached - bytesOf(first) or upto)
end

-- Counts what was erased after the oldest record as gone. Where there never were rules nothing else is gone there, so a
-- record's bytes begin where those of the one before it end.
local function countErased(first)
  local last, start = nil, nil
  for _, each in ipairs(redis.call('ZRANGE', erased, '(' .. first, seq, 'BYSCORE')) do
    local place, reached = string.match(each, '^(%d+) %d+ (%d+) ')
    place, reached = tonumber(place), tonumber(reached)
    if place - 1 ~= last then start = select(4, recordFrom(place - 1, place - 1)) end
    before = before + reached - (start or reached)
    last, start = place, reached
  end
end

-- Finds out what the rules have done so far. Other rules may have been in force, and other programs at work.
openRules = function()
  local known, others, named = {}, 0, 0
  for kind, cut, count in string.gmatch(ruleText, '([^%d%s]%S*) (%d+) (%d+)') do
    known[kind] = { cut = tonumber(cut), count = tonumber(count) }
    named = named + 1
    -- Kinds that had a rule of their own before are others now.
    if not ruleOf[kind] then others = math.max(others, tonumber(cut)) end
  end
  local ofOthers = known['*'] and known['*'].cut or 0
  local first, _, _, reached = recordFrom(1, seq)
  first = first or seq + 1
  local at, floor = string.match(ruleText, '^(%d+) (%d+) ')
  local fits = named == #rules and first - 1 == tonumber(floor or -1)
  for _, rule in ipairs(rules) do
    local was = known[rule.kind]
    rule.cut = was and was.cut or ofOthers
    if rule.kind == '*' then rule.cut = math.max(rule.cut, others) end
    if first - 1 ~= tonumber(floor or -1) then rule.cut = math.max(rule.cut, first - 1) end
    rule.count = redis.call('LLEN', rule.list)
    fits = fits and was ~= nil and was.count == rule.count
  end
  indexed = tonumber(at or 0)
  if fits then return end
  indexed = first - 1
  countGone(first, reached)
  if ruleText == '' and erasedAt > 0 then countErased(first) end
  for _, rule in ipairs(rules) do
    redis.call('UNLINK', rule.list)
    rule.count = 0
  end
end

-- Notes that a record is in the log.
index = function(place, kind)
  local rule = ruleOf[string.match(kind, '^[^ ]+')] or ruleOf['*']
  rule.fresh[#rule.fresh + 1] = place
end

-- Puts records in lists that were not there: those of other nodes, or all.
local function indexMore()
  if indexed >= seq then return end
  local entries = redis.call('XRANGE', log, (indexed + 1) .. '-0', seq .. '-0', 'COUNT', ${MOST})
  local gone = erasedAt > 0
    and redis.call('ZRANGE', erased, indexed + 1, seq, 'BYSCORE', 'LIMIT', 0, ${MOST}) or {}
  local found, reached = {}, seq
  for _, entry in ipairs(entries) do
    local place, head = record(entry)
    if place then found[#found + 1] = { tonumber(place), head } end
  end
  if #entries == ${MOST} then reached = tonumber(string.match(entries[${MOST}][1], '^%d+')) end
  for n, each in ipairs(gone) do
    local place, head = string.match(each, '^(%d+) (.*)$')
    found[#found + 1] = { tonumber(place), head }
    if n == ${MOST} then reached = math.min(reached, tonumber(place)) end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  for _, each in ipairs(found) do
    local kind = string.match(each[2], '^%d+ %d+ [^ ]* ([^ ]+)')
    if kind and each[1] <= reached then index(string.format('%.0f', each[1]), kind) end
  end
  indexed = reached
end

-- Adds what was noted to the lists.
local function writeIndex()
  for _, rule in ipairs(rules) do
    local fresh = rule.fresh
    for from = 1, #fresh, 1000 do redis.call('RPUSH', rule.list, unpack(fresh, from, math.min(from + 999, #fresh))) end
    if rule.count == 0 and #fresh > 0 then
      local left = redis.call('PTTL', log)
      redis.call('PEXPIRE', rule.list, left > 0 and left or maxAge)
    end
    rule.count = rule.count + #fresh
    rule.fresh = {}
  end
end

-- Takes the oldest records of a rule out: those beyond a number of them, and those numbered below 'young'. Returns
-- whether more of them are to go.
local function take(rule, excess, young)
  local most = ${MOST} + (#ARGV - FIRST + 1) / STEP
  local places = redis.call('LRANGE', rule.list, 0, young > 0 and most - 1 or math.min(excess, most) - 1)
  local n = math.min(math.max(excess, 0), #places)
  while places[n + 1] and tonumber(places[n + 1]) < young do n = n + 1 end
  if n == 0 then return false end
  redis.call('LTRIM', rule.list, n, -1)
  for place = 1, n do
    before = before + bytesOf(places[place])
    redis.call('XDEL', log, places[place] .. '-0')
    if erasedAt > 0 then redis.call('ZREMRANGEBYSCORE', erased, places[place], places[place]) end
  end
  rule.cut, rule.count = math.max(rule.cut, tonumber(places[n])), rule.count - n
  return n == most
end

-- Takes out the oldest record of all, unless it is the newest.
local function takeOldest()
  local oldest, found = nil, nil
  for _, rule in ipairs(rules) do
    local front = rule.count > 0 and tonumber(redis.call('LINDEX', rule.list, 0))
    if front and (not oldest or front < oldest) then oldest, found = front, rule end
  end
  if not found or oldest >= seq then return false end
  take(found, 1, 0)
  return true
end

-- Tells if all records take too many bytes. What an earlier version of this project erased without counting it counts
-- until it is passed.
local function areTooMany()
  if upto - before > maxBytes and erasedAt > 0 then
    local first, _, _, reached = recordFrom(1, seq)
    countGone(first, reached)
  end
  return upto - before > maxBytes
end

-- Trims by all rules. 'byAge': by their ages too. Returns whether there is more to be taken out.
trimByRules = function(byAge)
  indexMore()
  writeIndex()
  local more = indexed < seq
  for _, rule in ipairs(rules) do
    local young = byAge and rule.count > 0 and seek(seq, now - rule.age) or 0
    if young > 0 or rule.count > rule.most then more = take(rule, rule.count - rule.most, young) or more end
  end
  local most = ${MOST} + (#ARGV - FIRST + 1) / STEP
  while most > 0 and areTooMany() and takeOldest() do most = most - 1 end
  local text = {}
  for n, rule in ipairs(rules) do text[n] = rule.kind .. ' ' .. string.format('%.0f %.0f', rule.cut, rule.count) end
  local floor = (recordFrom(1, seq) or seq + 1) - 1
  local state = string.format('%.0f %.0f ', indexed, floor) .. table.concat(text, ' ')
  redis.call('HSET', meta, 'before', before, 'rules', state)
  return more
end
end
`;
