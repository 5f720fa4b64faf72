-- One organization's budget. All numbers are whole: points in millionths, times in microseconds of this server's clock.
-- KEYS  state, open reservations, then one key for each meter
-- ARGV  verb, member, amount, lifetime, most open, number of policies,
--       then name, capacity, rate of each policy, then amount, capacity, rate of each meter
-- Answer { status, index, wait, available of each policy and meter, expired members }
--       status 1 done, 0 wait, -1 never, 2 nothing to do; index of what is in the way, 0 for the open reservations
local state, holds = KEYS[1], KEYS[2]
local verb, member = ARGV[1], ARGV[2]
local amount, lifetime, most, count = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local longest = 86400000000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function text(number) return string.format('%.0f', number) end

-- Split at the second, so that every product stays below 2^53.
local function drained(level, micros, rate)
  local seconds = math.floor(micros / 1000000)
  return math.max(0, level - seconds * rate - math.floor((micros % 1000000) * rate / 1000000))
end

local function missing(over, rate)
  if rate == 0 then return longest end
  return math.min(longest, math.ceil(over * 1000000 / rate))
end

local stored = {}
local flat = redis.call('HGETALL', state)
for i = 1, #flat, 2 do stored[flat[i]] = tonumber(flat[i + 1]) end
local at, held = stored.t or now, stored.p or 0

local policies = {}
for k = 1, count do
  local first = 6 + (k - 1) * 3
  local name = ARGV[first + 1]
  policies[k] = {
    field = 's:' .. name,
    level = stored['s:' .. name] or 0,
    capacity = tonumber(ARGV[first + 2]),
    rate = tonumber(ARGV[first + 3]),
  }
end

local meters = {}
for m = 1, #KEYS - 2 do
  local first = 6 + count * 3 + (m - 1) * 3
  local known = redis.call('HMGET', KEYS[2 + m], 't', 's')
  local rate = tonumber(ARGV[first + 3])
  local since = math.max(0, now - (tonumber(known[1]) or now))
  meters[m] = {
    amount = tonumber(ARGV[first + 1]),
    capacity = tonumber(ARGV[first + 2]),
    rate = rate,
    level = drained(tonumber(known[2]) or 0, since, rate),
  }
end

-- The clock never runs backwards: what has drained stays drained, and nothing drains twice.
local function advance(to)
  if to <= at then return end
  for _, policy in ipairs(policies) do policy.level = drained(policy.level, to - at, policy.rate) end
  at = to
end

local function book(points)
  for _, policy in ipairs(policies) do policy.level = math.min(policy.level + points, 2 * policy.capacity) end
end

local expired = {}
local due = redis.call('ZRANGEBYSCORE', holds, '-inf', text(now), 'WITHSCORES', 'LIMIT', 0, 50)
for i = 1, #due, 2 do
  local estimate = tonumber(string.match(due[i], ':(%d+)$'))
  advance(tonumber(due[i + 1]))
  held = held - estimate
  book(estimate)
  redis.call('ZREM', holds, due[i])
  expired[#expired + 1] = due[i]
end
advance(now)

local function write()
  local values = { 't', text(at), 'p', text(held) }
  local ttl = 0
  for _, policy in ipairs(policies) do
    values[#values + 1] = policy.field
    values[#values + 1] = text(policy.level)
    ttl = math.max(ttl, missing(held + policy.level, policy.rate))
  end
  redis.call('HSET', state, unpack(values))
  -- Open reservations stay until somebody has charged them.
  if held > 0 then ttl = math.max(ttl + lifetime, longest) end
  local ms = text(math.ceil(ttl / 1000) + 1000)
  redis.call('PEXPIRE', state, ms)
  redis.call('PEXPIRE', holds, ms)
end

local function answer(status, index, wait)
  local available = {}
  for k, policy in ipairs(policies) do available[k] = policy.capacity - held - policy.level end
  for m, meter in ipairs(meters) do available[count + m] = meter.capacity - meter.level end
  return { status, index, wait, available, expired }
end

local function capture()
  local known = redis.call('ZREM', holds, member)
  if known == 1 then
    held = held - tonumber(string.match(member, ':(%d+)$'))
    book(amount)
  end
  if known == 1 or #expired > 0 then write() end
  return answer(known == 1 and 1 or 2, 0, 0)
end

local function obstacle()
  local wait, index = 0, nil
  local function waits(micros, where)
    if micros > wait then wait, index = micros, where end
  end
  for k, policy in ipairs(policies) do
    if amount > policy.capacity then return -1, k, 0 end
    local over = held + policy.level + amount - policy.capacity
    if over > 0 then waits(missing(over, policy.rate), k) end
  end
  for m, meter in ipairs(meters) do
    if meter.amount > meter.capacity then return -1, count + m, 0 end
    local over = meter.level + meter.amount - meter.capacity
    if over > 0 then waits(missing(over, meter.rate), count + m) end
  end
  if redis.call('ZCARD', holds) >= most then waits(100000, 0) end
  if index then return 0, index, wait end
  return 1, 0, 0
end

local function admit()
  for m, meter in ipairs(meters) do
    meter.level = meter.level + meter.amount
    redis.call('HSET', KEYS[2 + m], 't', text(now), 's', text(meter.level))
    redis.call('PEXPIRE', KEYS[2 + m], text(math.ceil(missing(meter.level, meter.rate) / 1000) + 1000))
  end
  if verb == 'charge' then return book(amount) end
  held = held + amount
  redis.call('ZADD', holds, text(now + lifetime), member)
end

if verb == 'capture' then return capture() end
if verb == 'settle' or redis.call('ZSCORE', holds, member) then
  if #expired > 0 then write() end
  return answer(1, 0, 0)
end
local status, index, wait = obstacle()
if status == 1 then admit() end
if status == 1 or #expired > 0 then write() end
return answer(status, index, wait)
