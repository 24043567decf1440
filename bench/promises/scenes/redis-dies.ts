import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../../test/setup/redis-server.ts';
import type { ContenderName } from '../contenders/registry.ts';
import { faultsOf, setStage, settled } from '../stage.ts';

const EVENTS = 300;

/** The time at which a subscriber is back, before or after a publisher, is luck: the worst of three is told. */
const ROUNDS = 3;

/** Redis is killed and started again a second later, while one node publishes, each 10 ms, and a client of another follows. It writes each command to its file. */
export async function redisDies(contender: ContenderName) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await once(contender));
  return rounds.reduce((worst, round) => (round.lost > worst.lost ? round : worst));
}

async function once(contender: ContenderName) {
  await using redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  await using publishing = await setStage({ contender, redisUrl: redis.url });
  await using following = await setStage({ contender, redisUrl: redis.url });
  const follower = await following.follow();
  const published = publishing.server.publish({ from: 0, count: EVENTS, chars: 100, everyMs: 10 });
  await sleep(500);
  await redis.kill();
  await sleep(1000);
  await redis.restart();
  const { refused } = await published;
  await settled(follower, EVENTS - refused);
  const { lost, ...faults } = faultsOf(follower, EVENTS);
  // What the publisher was told is not out is not lost in silence.
  return {
    events: EVENTS,
    refused,
    lost: Math.max(0, lost - refused),
    ...faults,
    told: [...new Set(follower.told)],
  };
}
