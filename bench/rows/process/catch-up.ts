import { startClient, startServer } from '../../harness/pair.ts';
import { Core, startWorker } from '../../harness/process.ts';
import { median } from '../../harness/stats.ts';
import type { PeerName } from '../../peers/registry.ts';
import type { XrangeCommands, XrangeOptions } from '../../processes/xrange.ts';
import type { RowGroup } from '../section.ts';

const EVENTS = 10_000;
/** Records that one XRANGE asks for. */
const PAGE = 512;
const REDIS_PREFIX = 'bench-catch-up';

/** One client that was away reads what it missed. */
export const catchUp: RowGroup = {
  name: 'catch-up',
  async run(bench) {
    const redisUrl = await bench.redisUrl();
    const embedded = await eventsPerSecond('ours', bench.rounds);
    const redis = await eventsPerSecond('ours', bench.rounds, redisUrl);
    const old = await eventsPerSecond('oursOldLog', bench.rounds, redisUrl);
    const xrange = await recordsPerSecond(bench.rounds, redisUrl);
    return {
      title: 'Catch-up',
      setting: `One client subscribes with the cursor it had ${EVENTS} events ago; from its open socket to the last event read. XRANGE reads the same records in pages of ${PAGE}, and does nothing with them. The old log holds events of the version before, each of which is raised to the newest.`,
      tables: [
        [
          ['', 'events per second'],
          ['psyche-events, embedded', embedded.toFixed(0)],
          ['psyche-events, through Redis', redis.toFixed(0)],
          ['psyche-events, through Redis, an old log', old.toFixed(0)],
          ['ioredis, XRANGE of these records', xrange.toFixed(0)],
        ],
      ],
      bars: [
        {
          bar: 'through Redis: ≥ 0.6 × XRANGE',
          measured: `${(redis / xrange).toFixed(2)} ×`,
          reached: redis >= 0.6 * xrange,
        },
      ],
    };
  },
};

async function eventsPerSecond(peer: PeerName, rounds: number, redisUrl?: string): Promise<number> {
  const redis = redisUrl !== undefined && { redisUrl, redisPrefix: `${REDIS_PREFIX}-${peer}` };
  const options = { peer, ...redis };
  await using server = startServer(options);
  const since = cursorOf(await server.ask.publishOne());
  await server.ask.publish({ count: EVENTS, pace: { inFlight: 100 } });
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    await using client = await startClient(options.peer, server);
    // Redis has the client's core: a client that spins while it waits would make Redis wait for its turn.
    await client.ask.arm({ events: EVENTS, connections: 1, sleeps: true });
    await client.ask.open({ count: 1, inputs: [{ since }], catchUp: true });
    const { sinceOpenMs } = await client.ask.drained();
    if (round >= 0) rates.push(EVENTS / (sinceOpenMs / 1000)); // the first is the warm-up
  }
  return median(rates);
}

/** Reads the records that were read above, on the core that the server had. */
async function recordsPerSecond(rounds: number, redisUrl: string): Promise<number> {
  const options: XrangeOptions = { redisUrl, key: `${REDIS_PREFIX}-ours:{default}:log`, page: PAGE };
  await using reader = startWorker<XrangeCommands>('xrange', Core.SERVER, options);
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const { records, elapsedMs } = await reader.ask.read();
    if (records !== EVENTS) throw new Error(`${records} records are in the stream, of ${EVENTS}`);
    if (round >= 0) rates.push(records / (elapsedMs / 1000));
  }
  return median(rates);
}

function cursorOf(result: unknown): string {
  if (typeof result === 'object' && result !== null && 'cursor' in result) return String(result.cursor);
  throw new TypeError('publish answered no cursor');
}
