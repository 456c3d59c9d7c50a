"""The rules of a limiter that processes share, as the Lua script that Redis runs in one piece.

Its keys are the limiter's state, the leases of attempts under way, the line of those that wait, when each of these will
have lost its place, and what each asks for. The last is five numbers: the most attempts at a time; then for requests
and for tokens the seconds of refill that it takes, and the debt in seconds that may be there before. When an attempt
begins, a sixth number says when.

Each asks with its own numbers. One may begin when all that stand before it in line could begin, too: so nobody passes
another, and whoever has the smallest numbers is waited for. The answer is 0, or the seconds after which to ask again;
to ``place`` it is how long one that came now would be likely to wait.
"""

from __future__ import annotations

PREFIX = "modelhub:limits:"

RULES = """
local state, leases, line, seen, places = unpack(KEYS)
local verb, lease, patience, name = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local AT_ONCE, SHORTEST, LONGEST, BRIEF, FAR = 0.00001, 0.01, 2, 0.1, 256
local NOTHING = '1e15 0 1e15 0 1e15'

local fields = {'real', 'now', 'requests', 'tokens', 'held', 'stay', 'joined'}
local s = {}
for i, value in ipairs(redis.call('HMGET', state, unpack(fields))) do
  s[fields[i]] = value and tonumber(value)
end
local time = redis.call('TIME')
local real = tonumber(time[1]) + tonumber(time[2]) / 1000000
if not s.now then
  redis.call('DEL', leases, line, seen, places)
  s = {now = real, requests = real, tokens = real, held = real, stay = 1, joined = 0}
elseif real > s.real then  -- a clock that is set back, or that of another server, stands still for a while
  s.now = s.now + (real - s.real)
end
s.real = real
local now = s.now

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
  redis.call('ZREM', leases, gone)
  redis.call('HDEL', places, gone)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now)) do
  redis.call('ZREM', seen, gone)
  redis.call('ZREM', line, gone)
  redis.call('HDEL', places, gone)
end

if redis.call('ZCARD', line) ~= redis.call('ZCARD', seen) then redis.call('DEL', line, seen) end  -- one was evicted

local function read(place)
  local numbers = {}
  for word in string.gmatch(place, '%S+') do numbers[#numbers + 1] = tonumber(word) end
  return unpack(numbers)
end

local function look(rank)
  if rank >= FAR then return LONGEST end
  local flying = redis.call('ZCARD', leases)
  local requests, tokens = math.max(s.requests - now, 0), math.max(s.tokens - now, 0)
  local wait = s.held - now
  for i, place in ipairs(redis.call('HMGET', places, unpack(redis.call('ZRANGE', line, 0, rank)))) do
    local most, request, request_room, token, token_room = read(place or NOTHING)
    if flying + i > most then  -- it depends on others: a part of the time that so many ends are likely to take
      local ends = flying + rank + 1 - most
      return math.max(wait, (ends + rank) * math.max(s.stay, BRIEF) / (most + 1) / 4, SHORTEST)
    end
    wait = math.max(wait, requests - request_room, tokens - token_room)
    if wait > LONGEST then return LONGEST end
    requests, tokens = requests + request, tokens + token
  end
  return wait > AT_ONCE and wait or 0
end

local function acquire(place)
  if redis.call('ZSCORE', leases, name) then
    redis.call('ZADD', leases, now + lease, name)
    return 0
  end
  if not redis.call('ZSCORE', line, name) then
    s.joined = s.joined + 1
    redis.call('ZADD', line, s.joined, name)
  end
  redis.call('ZADD', seen, now + patience, name)
  redis.call('HSET', places, name, place)
  local wait = look(redis.call('ZRANK', line, name))
  if wait > 0 then return math.min(wait, LONGEST) end
  local _, request, _, token = read(place)
  redis.call('ZREM', line, name)
  redis.call('ZREM', seen, name)
  redis.call('ZADD', leases, now + lease, name)
  redis.call('HSET', places, name, place .. string.format(' %.17g', now))
  s.requests, s.tokens = math.max(s.requests, now) + request, math.max(s.tokens, now) + token
  return 0
end

local function place_in(place)  -- behind all others in line
  local most, request, request_room, token, token_room = read(place)
  local ahead = redis.call('ZCARD', line) - (redis.call('ZSCORE', line, name) and 1 or 0)
  local taken = redis.call('ZCARD', leases) + ahead
  local wait = math.max(s.held - now, math.max(s.requests - now, 0) + ahead * request - request_room,
    math.max(s.tokens - now, 0) + ahead * token - token_room, 0)
  return taken < most and wait or math.max(wait, math.floor(taken / most) * s.stay)
end

local function release(used, sent)
  local place = redis.call('HGET', places, name)
  if place and redis.call('ZREM', leases, name) == 1 then
    local _, request, _, token, _, began = read(place)
    if sent then
      s.stay = s.stay + (now - began - s.stay) * 0.2
    else
      s.requests = s.requests - request
    end
    if used > token then
      s.tokens = math.max(s.tokens, now) + used - token
    elseif used >= 0 then
      s.tokens = s.tokens - (token - used)
    end
  end
  redis.call('ZREM', line, name)
  redis.call('ZREM', seen, name)
  redis.call('HDEL', places, name)
  return 0
end

local function renew()
  for i = 4, #ARGV do
    if redis.call('ZSCORE', leases, ARGV[i]) then redis.call('ZADD', leases, now + lease, ARGV[i]) end
  end
  return 0
end

local answer = 0
if verb == 'acquire' then answer = acquire(ARGV[5])
elseif verb == 'place' then answer = place_in(ARGV[5])
elseif verb == 'release' then answer = release(tonumber(ARGV[5]), ARGV[6] == '1')
elseif verb == 'renew' then answer = renew()
else s.held = math.max(s.held, now + tonumber(ARGV[4])) end

local values = {}
for _, field in ipairs(fields) do
  values[#values + 1] = field
  values[#values + 1] = string.format('%.17g', s[field])
end
redis.call('HSET', state, unpack(values))
local left = math.ceil(math.max(lease, patience, s.requests - now, s.tokens - now, s.held - now) + 60)
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, math.min(left, 864000)) end
return string.format('%.17g', answer)
"""


def list_keys(key: str) -> tuple[str, ...]:
    """The keys of the limiter called ``key``; a cluster keeps them together."""
    state = PREFIX + key
    return state, *(f"{{{state}}}:{part}" for part in ("leases", "line", "seen", "places"))
