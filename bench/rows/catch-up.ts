import { startClient, startServer } from '../harness/pair.ts';
import { median } from '../harness/stats.ts';
import { atLeast, type RowGroup } from './section.ts';

const EVENTS = 10_000;

/** One client that was away reads what it missed. */
export const catchUp: RowGroup = {
  name: 'catch-up',
  async run(bench) {
    const embedded = await eventsPerSecond(bench.rounds);
    const redis = await eventsPerSecond(bench.rounds, await bench.redisUrl());
    return {
      title: 'Catch-up',
      setting: `One client subscribes with the cursor it had ${EVENTS} events ago; from its open socket to the last event read.`,
      tables: [
        [
          ['', 'events per second'],
          ['psyche-events, embedded', embedded.toFixed(0)],
          ['psyche-events, through Redis', redis.toFixed(0)],
        ],
      ],
      bars: [
        atLeast('embedded', embedded / 1000, 50, 'k/s'),
        atLeast('through Redis', redis / 1000, 50, 'k/s'),
      ],
    };
  },
};

async function eventsPerSecond(rounds: number, redisUrl?: string): Promise<number> {
  const options = { peer: 'ours', ...(redisUrl !== undefined && { redisUrl }) } as const;
  await using server = startServer(options);
  const since = cursorOf(await server.ask.publishOne());
  await server.ask.publish({ count: EVENTS, pace: { inFlight: 100 } });
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    await using client = await startClient(options.peer, server);
    await client.ask.arm({ events: EVENTS, connections: 1 });
    await client.ask.open({ count: 1, inputs: [{ since }] });
    const { sinceOpenMs } = await client.ask.drained();
    if (round >= 0) rates.push(EVENTS / (sinceOpenMs / 1000)); // the first is the warm-up
  }
  return median(rates);
}

function cursorOf(result: unknown): string {
  if (typeof result === 'object' && result !== null && 'cursor' in result) return String(result.cursor);
  throw new TypeError('publish answered no cursor');
}
