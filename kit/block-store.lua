-- Writes one block and lets go of those that have ended; beyond the most, of those that would end first.
-- KEYS  hash of the blocks: address to "<until> <reason>", and `version`, which counts the changes
-- ARGV  address, until, reason, now, most; times in milliseconds
local blocks = KEYS[1]
local now, most = tonumber(ARGV[4]), tonumber(ARGV[5])

redis.call('HSET', blocks, ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('HINCRBY', blocks, 'version', 1)

local standing = {}
local flat = redis.call('HGETALL', blocks)
for i = 1, #flat, 2 do
  if flat[i] ~= 'version' then
    local ends = tonumber(string.match(flat[i + 1], '^%d+')) or 0
    if ends <= now then redis.call('HDEL', blocks, flat[i]) else standing[#standing + 1] = { flat[i], ends } end
  end
end

if #standing > most then
  table.sort(standing, function(one, other) return one[2] > other[2] end)
  -- A tenth at once, so that a flood of addresses does not sort them all each time.
  for i = math.floor(most * 0.9) + 1, #standing do redis.call('HDEL', blocks, standing[i][1]) end
end
return 1
