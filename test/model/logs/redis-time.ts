import type { Redis } from 'ioredis';
import { indexKeys, topicKeys } from '../../../server/broker/redis/log/keys.ts';

/** Moves the ends of all leases and deadlines of a set by so many ms towards now. KEYS: 1 the set. ARGV: 1 ms. */
const AGE_SET = `
local states = redis.call('HGETALL', KEYS[1])
for field = 1, #states, 2 do
  local head, over, tail = string.match(states[field + 1], '^(%S+ %d+ %a %d+) (%d+) (%d+ %d+)$')
  if head then
    redis.call('HSET', KEYS[1], states[field], head .. ' ' .. string.format('%.0f', over - ARGV[1]) .. ' ' .. tail)
  end
end
`;

/** Servers of a prefix: the one that has the topics, and the one that has the index of topics. */
export interface Masters {
  readonly topics: Redis;
  readonly index: Redis;
}

/** Lets time pass for open sets in Redis, whose own clock nobody sets: all times that they hold come nearer by so much. */
export async function passTime(
  { topics, index }: Masters,
  prefix: string,
  names: readonly string[],
  ms: number,
): Promise<void> {
  for (const name of names) await topics.eval(AGE_SET, 1, topicKeys(prefix, name).open, ms);
  const { open } = indexKeys(prefix);
  for (const name of names)
    if ((await index.zscore(open, name)) !== null) await index.zincrby(open, -ms, name);
}
