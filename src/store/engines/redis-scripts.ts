/**
 * The scripts of stores in Redis. Each runs as a whole, without anything in between.
 *
 * All keys of a store have the same hash tag, so that a cluster has them in one place. `KEYS[1]` is the last number that was given,
 * `KEYS[2]` the hash of leases by name (`FENCE END OWNER`), and from `KEYS[3]` on there is a hash of rows by key for each kind
 * (`VERSION VALUE`). Redis undoes nothing when a script fails: so whatever can fail comes before the first change.
 */
import type { RowKind } from './engine.js';

export const rowKinds = ['server', 'client', 'member', 'attempt'] as const satisfies readonly RowKind[];

export const getChannel = (store: string) => `mcp-auth:{${store}}`;

export function getKeys(store: string): string[] {
  return ['last', 'leases', ...rowKinds.map((kind) => `rows:${kind}`)].map((name) => `mcp-auth:{${store}}:${name}`);
}

/** The place of a kind among the keys, as Lua counts. */
export const getKeyIndex = (kind: RowKind) => String(3 + rowKinds.indexOf(kind));

/** Milliseconds by the clock of Redis. */
const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * Versions and fences: microseconds of the clock, or one more than the last. A replica that becomes the primary may lack the last
 * numbers, and a Redis without a disk lacks all: even then none returns. They are below 2^53, which Lua's numbers can hold.
 */
const nextNumber = `${now}
local function nextNumber()
  local last = tonumber(redis.call('GET', KEYS[1]) or '0')
  local number = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
  redis.call('SET', KEYS[1], number)
  return number
end`;

/** A lease by name. */
const findLease = `
local function findLease(name)
  local fence, ends, owner = string.match(redis.call('HGET', KEYS[2], name) or '', '^(%d+) (%d+) (.*)$')
  return fence, tonumber(ends or '0'), owner
end`;

/** ARGV, for each query: the place of its key, how many rows or -1 for all, their keys. Returns place, key, row. */
export const readScript = `
local found = {}
local function add(index, key, row)
  if row then
    found[#found + 1] = index
    found[#found + 1] = key
    found[#found + 1] = row
  end
end
local at = 1
while at <= #ARGV do
  local index, count = ARGV[at], tonumber(ARGV[at + 1])
  local hash = KEYS[tonumber(index)]
  at = at + 2
  if count == -1 then
    local all = redis.call('HGETALL', hash)
    for i = 1, #all, 2 do add(index, all[i], all[i + 1]) end
  else
    for i = at, at + count - 1 do add(index, ARGV[i], redis.call('HGET', hash, ARGV[i])) end
    at = at + count
  end
end
return found`;

/**
 * ARGV: channel, name and fence of the lease or '', then for each change the place of its key, the row's key, the version or '', 1 to
 * store and 0 to delete, the value, the topic. It publishes first: a user without that right must not have written anything.
 */
export const writeScript = `${nextNumber}${findLease}
if ARGV[3] ~= '' then
  local fence, ends = findLease(ARGV[2])
  if fence ~= ARGV[3] or ends <= now then return 'late' end
end
for i = 4, #ARGV, 6 do
  local row = redis.call('HGET', KEYS[tonumber(ARGV[i])], ARGV[i + 1])
  if (string.match(row or '', '^(%d+) ') or '') ~= ARGV[i + 2] then return 'changed' end
end
for i = 4, #ARGV, 6 do redis.call('PUBLISH', ARGV[1], ARGV[i + 5]) end
for i = 4, #ARGV, 6 do
  local hash, key = KEYS[tonumber(ARGV[i])], ARGV[i + 1]
  if ARGV[i + 3] == '1' then redis.call('HSET', hash, key, nextNumber() .. ' ' .. ARGV[i + 4])
  else redis.call('HDEL', hash, key) end
end
return 'written'`;

const storeLease = `
local function storeLease(name, fence, duration, owner)
  redis.call('HSET', KEYS[2], name, fence .. ' ' .. string.format('%.0f', now + math.ceil(tonumber(duration))) .. ' ' .. owner)
end`;

/** ARGV: name, owner, duration, the fence to take over from or ''. Returns 1 and the fence; or 0 and the lease of another process. */
export const takeScript = `${nextNumber}${findLease}${storeLease}
local fence, ends, owner = findLease(ARGV[1])
if ends > now and fence ~= ARGV[4] then return { 0, fence, owner, ends - now } end
local number = nextNumber()
storeLease(ARGV[1], number, ARGV[3], ARGV[2])
return { 1, number }`;

/** ARGV: name, fence, duration. Returns 1 if it is held. */
export const extendScript = `${now}${findLease}${storeLease}
local fence, ends, owner = findLease(ARGV[1])
if fence ~= ARGV[2] or ends <= now then return 0 end
storeLease(ARGV[1], fence, ARGV[3], owner)
return 1`;

/** ARGV: name, fence, channel, topic. */
export const releaseScript = `${findLease}
if findLease(ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return redis.call('HDEL', KEYS[2], ARGV[1])`;

/** Returns name, fence, owner, remaining of each. */
export const listScript = `${now}${findLease}
local found = {}
for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  local fence, ends, owner = findLease(name)
  if ends > now then
    for _, one in ipairs({ name, fence, owner, ends - now }) do found[#found + 1] = one end
  end
end
return found`;
