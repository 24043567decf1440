import { availableParallelism } from 'node:os';
import { startClient, startServer } from '../../harness/pair.ts';
import { startWorker } from '../../harness/process.ts';
import { median, short } from '../../harness/stats.ts';
import type { ServeCommands, ServeOptions } from '../../processes/serve.ts';
import { atMostTimes, type RowGroup } from '../section.ts';

const EVENTS = 20;
const MOST_ROUNDS = 7;

/** Gain of a second process behind the port. */
export const workers: RowGroup = {
  name: 'workers',
  async run(bench) {
    const subscribers = bench.quick ? 500 : 2000;
    const redisUrl = await bench.redisUrl();
    await using one = await openServe(redisUrl, 1, subscribers);
    await using two = await openServe(redisUrl, 2, subscribers);
    const turns = { one: [] as Turn[], two: [] as Turn[] };
    for (let round = -1; round < Math.min(bench.rounds, MOST_ROUNDS); round++) {
      const [a, b] = [await one.takeTurn(), await two.takeTurn()];
      if (round < 0) continue; // the warm-up
      turns.one.push(a);
      turns.two.push(b);
    }
    const row = (name: string, list: readonly Turn[]) => {
      const rates = list.map(({ eventsPerSecond }) => eventsPerSecond);
      return [
        name,
        short(median(rates)),
        (median(rates) * subscribers).toFixed(0),
        `${short(Math.min(...rates))}–${short(Math.max(...rates))}`,
        timesOne(list, turns.one, 'eventsPerSecond').toFixed(2),
        short(median(list.map(({ busiestMs }) => busiestMs))),
        timesOne(list, turns.one, 'busiestMs').toFixed(2),
      ];
    };
    const busiest = timesOne(turns.two, turns.one, 'busiestMs');
    return {
      title: 'Two workers behind one port',
      setting: `\`serve --workers 2\` and \`serve\`, each through Redis to ${subscribers} subscribers; the next agent_message is published when all of them have the last one. By the clock, and nothing but Redis and the publisher is pinned: both workers, Redis, the publisher and the process that reads all sockets share this machine’s ${availableParallelism()} cores. With two of them one process has a core and its reader the other, so a second worker has none left, and the ratio of events is bounded by that. What each process has to do is not: the busiest one’s CPU for an event, to all the subscribers it has, is what limits a machine with cores to spare.`,
      tables: [[['', ...HEAD], row('serve --workers 2', turns.two), row('serve', turns.one)]],
      bars: [atMostTimes('the busiest of two, CPU per event', busiest, 0.6, 'one process')],
    };
  },
};

const HEAD = [
  'events per second',
  'deliveries per second',
  'lowest–highest round',
  '× one process',
  'busiest process, CPU ms per event',
  '× one process',
];

interface Turn {
  readonly eventsPerSecond: number;
  /** CPU of the process that had the most to do, for each event. */
  readonly busiestMs: number;
}

/** The median of all rounds' ratios. */
function timesOne(list: readonly Turn[], one: readonly Turn[], figure: keyof Turn): number {
  return median(list.map((turn, round) => turn[figure] / (one[round]?.[figure] ?? Number.NaN)));
}

/** The command with its subscribers, on whatever core is free, and who publishes to them. */
async function openServe(redisUrl: string, workers: number, subscribers: number) {
  const options: ServeOptions = { redisUrl, redisPrefix: `bench-workers-${workers}`, workers };
  const server = startWorker<ServeCommands>('serve', null, options);
  const publisher = startServer({ peer: 'ours', redisUrl, redisPrefix: options.redisPrefix });
  const client = await startClient('ours', server, null);
  await client.ask.open({ count: subscribers, inputs: [undefined] });
  return {
    async takeTurn(): Promise<Turn> {
      // Timed: such a count sleeps while nothing comes, and leaves the cores to the workers.
      await client.ask.arm({ events: EVENTS, timed: true });
      const before = await server.ask.cpuMicros();
      const start = performance.now();
      for (let sent = 1; sent <= EVENTS; sent++) {
        await publisher.ask.publish({ count: 1, pace: { perTick: 1 } });
        await client.ask.delivered(sent);
      }
      const seconds = (performance.now() - start) / 1000;
      const after = await server.ask.cpuMicros();
      await client.ask.drained();
      const spent = after.map((micros, n) => micros - (before[n] ?? 0));
      return { eventsPerSecond: EVENTS / seconds, busiestMs: Math.max(...spent) / 1000 / EVENTS };
    },
    async [Symbol.asyncDispose]() {
      for (const process of [client, publisher, server]) await process[Symbol.asyncDispose]();
    },
  };
}
