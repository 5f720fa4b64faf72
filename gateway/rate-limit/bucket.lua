-- One organization's budget, for several steps that are taken one after another at the same moment.
-- All numbers are whole: points in millionths, times in microseconds of this server's clock.
-- KEYS  state, open reservations, then one key for each meter
-- ARGV  number of policies, then name, capacity, rate of each; then the steps:
--       capture, member, amount
--       settle
--       hold or charge, member, amount, lifetime, most open, client, number of meters,
--       then place among KEYS, amount, capacity, rate of each
-- Answer { expired members, then for each step { status, index, wait, available of each policy and meter } }
--       status 1 done, 0 wait, -1 never, 2 nothing to do; index of what is in the way, 0 for the open reservations
local state, holds = KEYS[1], KEYS[2]
local longest = 86400000000
-- Places: how long one is kept after its time, how many there are at most, of one client and in all, the longest wait for
-- one, and the part of the capacity that one client's places may keep from others. The same as in places.ts.
local grace, most_own, most_places, longest_promise, share = 2000000, 16, 32, 300000000, 0.5
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number) return string.format('%.0f', number) end

local cursor = 0
local function word()
  cursor = cursor + 1
  return ARGV[cursor]
end
local function number() return tonumber(word()) end

-- Split at the second, so that every product stays below 2^53.
local function drained(level, micros, rate)
  local seconds = math.floor(micros / 1000000)
  return math.max(0, level - seconds * rate - math.floor((micros % 1000000) * rate / 1000000))
end

local function missing(over, rate)
  if over <= 0 then return 0 end
  if rate == 0 then return longest end
  return math.min(longest, math.ceil(over * 1000000 / rate))
end

local stored = {}
local flat = redis.call('HGETALL', state)
for i = 1, #flat, 2 do stored[flat[i]] = flat[i + 1] end
local at, held = tonumber(stored.t or now), tonumber(stored.p or 0)

local policies = {}
local count = number()
for k = 1, count do
  local field = 's:' .. word()
  policies[k] = { field = field, level = tonumber(stored[field] or 0), capacity = number(), rate = number() }
end

-- Who was refused and when to come back, in the order in which they were. A place may be taken up from its time on, and is
-- due at the next whole second, which is what its client was told; unclaimed it lapses, without a charge.
local places = {}
for points, from, due, client in string.gmatch(stored.q or '', '(%d+) (%d+) (%d+) (%S+)') do
  if tonumber(due) + grace > now then
    places[#places + 1] = { points = tonumber(points), from = tonumber(from), due = tonumber(due), client = client }
  end
end
local booked, replaced, lifetime = false, false, 0

-- The clock never runs backwards: what has drained stays drained, and nothing drains twice.
local function advance(to)
  if to <= at then return end
  for _, policy in ipairs(policies) do policy.level = drained(policy.level, to - at, policy.rate) end
  at = to
end

local function book(points)
  for _, policy in ipairs(policies) do policy.level = math.min(policy.level + points, 2 * policy.capacity) end
  booked = true
end

local function estimate(member) return tonumber(string.match(member, ':(%d+)$')) end

local due = redis.call('ZRANGEBYSCORE', holds, '-inf', text(now), 'WITHSCORES', 'LIMIT', 0, 50)
local expired = {}
for i = 1, #due, 2 do
  expired[#expired + 1] = due[i]
  advance(tonumber(due[i + 1]))
  held = held - estimate(due[i])
  book(estimate(due[i]))
end
if #expired > 0 then redis.call('ZREM', holds, unpack(expired)) end
advance(now)
local open = nil

local function answer(status, index, wait, meters)
  local available = {}
  for k, policy in ipairs(policies) do available[k] = policy.capacity - held - policy.level end
  for m, meter in ipairs(meters or {}) do available[count + m] = meter.capacity - meter.level() end
  return { status, index, wait, available }
end

local function capture(member, amount)
  if redis.call('ZREM', holds, member) == 0 then return answer(2, 0, 0) end
  if open then open = open - 1 end
  held = held - estimate(member)
  book(amount)
  return answer(1, 0, 0)
end

local known = {}
local function meter(key)
  if not known[key] then
    local found = redis.call('HMGET', key, 't', 's')
    known[key] = { t = tonumber(found[1] or now), s = tonumber(found[2] or 0) }
  end
  local filled = known[key]
  local one = { key = key, filled = filled, amount = number(), capacity = number(), rate = number() }
  function one.level() return drained(filled.s, math.max(0, now - filled.t), one.rate) end
  return one
end

-- The place that a request may take up: its time has come, of its client, for as much.
local function placeOf(asked)
  for i, place in ipairs(places) do
    if place.client == asked.client and place.points == asked.amount and place.from <= now then return i end
  end
end

-- Whom a request must not overtake: who was refused before.
local function before(asked, own)
  local sums, found = {}, {}
  for i = 1, (own or #places + 1) - 1 do
    local place = places[i]
    sums[place.client] = (sums[place.client] or 0) + place.points
    if place.client == asked.client or sums[place.client] <= policies[1].capacity * share then found[#found + 1] = place end
  end
  return found
end

local function dueAfter(wait) return now + math.ceil(wait / 1000000) * 1000000 end

local function indexOf(due)
  for i, place in ipairs(places) do
    if place.due > due then return i end
  end
  return #places + 1
end

-- The level after the first places were taken up in their time, when that is, and the highest on the way; where one more
-- is given, with that one in its time as well.
local function taken(level, rate, queue, passed, one)
  local moment, highest = now, level
  local function take(place)
    level = drained(level, math.max(0, place.due - moment), rate) + place.points
    moment = math.max(moment, place.due)
    highest = math.max(highest, level)
  end
  for i = 1, passed do
    if one and queue[i].due > one.due then
      take(one)
      one = nil
    end
    take(queue[i])
  end
  if one then take(one) end
  return level, moment, highest
end

-- Until an amount fits without delaying any of these places; 0 where that is at once.
local function queued(policy, amount, queue)
  local level, rate, capacity = held + policy.level, policy.rate, policy.capacity
  for passed = 0, #queue do
    local last, moment = taken(level, rate, queue, passed)
    local wait = math.min(longest, moment - now + missing(last + amount - capacity, rate))
    if passed == #queue then return wait end
    local _, _, highest = taken(level, rate, queue, #queue, { points = amount, due = dueAfter(wait) })
    if highest <= capacity then return wait end
  end
end

-- As above, for one whose time has come: what stands before it may be claimed at any moment.
local function called(policy, amount, queue)
  local level = held + policy.level
  for _, place in ipairs(queue) do level = level + place.points end
  return missing(level + amount - policy.capacity, policy.rate)
end

local function obstacle(asked, own)
  local wait, index, queue, until_free = 0, nil, before(asked, own), own and called or queued
  local function waits(micros, where)
    if micros > wait then wait, index = micros, where end
  end
  for k, policy in ipairs(policies) do
    if asked.amount > policy.capacity then return -1, k, 0, 0 end
    waits(until_free(policy, asked.amount, queue), k)
  end
  local points = wait
  for m, meter in ipairs(asked.meters) do
    if meter.amount > meter.capacity then return -1, count + m, 0, 0 end
    waits(missing(meter.level() + meter.amount - meter.capacity, meter.rate), count + m)
  end
  open = open or redis.call('ZCARD', holds)
  if open >= asked.most then waits(100000, 0) end
  if index then return 0, index, wait, points end
  return 1, 0, 0, 0
end

-- A place for a refused request, or its own one put off; none where that would be too much.
local function promise(asked, own, wait)
  if own then
    table.remove(places, own)
    replaced = true
  end
  local alike = 0
  for _, place in ipairs(places) do
    if place.client == asked.client then alike = alike + 1 end
  end
  if #places >= most_places or alike >= most_own or wait > longest_promise then return end
  local place = { points = asked.amount, from = now + wait, due = dueAfter(wait), client = asked.client }
  table.insert(places, indexOf(place.due), place)
  replaced = true
end

local function admit(asked)
  if asked.verb == 'charge' then
    book(asked.amount)
  else
    if redis.call('ZADD', holds, 'NX', text(now + asked.lifetime), asked.member) == 0 then return end
    open = open + 1
    held = held + asked.amount
    lifetime = math.max(lifetime, asked.lifetime)
    booked = true
  end
  for _, meter in ipairs(asked.meters) do
    meter.filled.t, meter.filled.s = now, meter.level() + meter.amount
    redis.call('HSET', meter.key, 't', text(now), 's', text(meter.filled.s))
    redis.call('PEXPIRE', meter.key, text(math.ceil(missing(meter.filled.s, meter.rate) / 1000) + 1000))
  end
end

local function enter(verb)
  local asked =
    { verb = verb, member = word(), amount = number(), lifetime = number(), most = number(), client = word(), meters = {} }
  for m = 1, number() do asked.meters[m] = meter(KEYS[number()]) end
  local own = verb == 'hold' and placeOf(asked) or nil
  local status, index, wait, points = obstacle(asked, own)
  if status == 1 then
    admit(asked)
    if own then
      table.remove(places, own)
      replaced = true
    end
  elseif verb == 'hold' then
    if redis.call('ZSCORE', holds, asked.member) then return answer(1, 0, 0, asked.meters) end
    if points > 0 then promise(asked, own, wait) end
  end
  return answer(status, index, wait, asked.meters)
end

local function written()
  local lines, till = {}, 0
  for i, place in ipairs(places) do
    lines[i] = text(place.points) .. ' ' .. text(place.from) .. ' ' .. text(place.due) .. ' ' .. place.client
    till = math.max(till, place.due + grace - now)
  end
  return table.concat(lines, '\n'), till
end

local function write()
  local queue, ttl = written()
  -- Levels are written with a booking only: else each look would round a part away.
  if not booked then
    redis.call('HSET', state, 'q', queue)
    if redis.call('PTTL', state) < ttl / 1000 then redis.call('PEXPIRE', state, text(math.ceil(ttl / 1000) + 1000)) end
    return
  end
  local values = { 't', text(at), 'p', text(held) }
  for _, policy in ipairs(policies) do
    values[#values + 1] = policy.field
    values[#values + 1] = text(policy.level)
    ttl = math.max(ttl, missing(held + policy.level, policy.rate))
  end
  if queue ~= (stored.q or '') then
    values[#values + 1] = 'q'
    values[#values + 1] = queue
  end
  redis.call('HSET', state, unpack(values))
  -- Open reservations stay until somebody has charged them.
  if held > 0 then ttl = math.max(ttl + lifetime, longest) end
  local ms = text(math.ceil(ttl / 1000) + 1000)
  redis.call('PEXPIRE', state, ms)
  redis.call('PEXPIRE', holds, ms)
end

local answers = { expired }
while cursor < #ARGV do
  local verb = word()
  if verb == 'capture' then
    answers[#answers + 1] = capture(word(), number())
  elseif verb == 'settle' then
    answers[#answers + 1] = answer(1, 0, 0)
  else
    answers[#answers + 1] = enter(verb)
  end
end
if booked or replaced then write() end
return answers
