import { openPair, type Pair, startServer } from '../../harness/pair.ts';
import type { Worker } from '../../harness/process.ts';
import { median, short } from '../../harness/stats.ts';
import type { ServerCommands } from '../../processes/server.ts';
import { atMostTimes, type RowGroup } from '../section.ts';

const SUBSCRIBERS = 1000;
const EVERY_MS = 10;
const ROUNDS = 5;
const QUANTILES = [0.5, 0.99, 1];
const COLUMNS = ['p50 ms', 'p99 ms', 'max ms'];

/** From the call of publish to the moment the subscribing process has read the frame, over all deliveries. */
export const latency: RowGroup = {
  name: 'latency',
  async run(bench) {
    const events = bench.quick ? 50 : 400;
    const rounds = bench.quick ? 3 : ROUNDS;
    const options = { subscribers: SUBSCRIBERS, redisUrl: await bench.redisUrl() };
    await using embedded = await openPair({ peer: 'ours', subscribers: SUBSCRIBERS });
    await using second = await openPair({ peer: 'ours', ...options });
    await using first = startServer({ peer: 'ours', ...options });
    await using ws = await openPair({ peer: 'ws', subscribers: SUBSCRIBERS });
    const setups = [
      { name: 'raw ws', pair: ws, publisher: ws.server },
      { name: 'psyche-events, embedded', pair: embedded, publisher: embedded.server },
      { name: 'psyche-events, through Redis between two nodes', pair: second, publisher: first },
    ];
    const runs = setups.map(() => [] as number[][]);
    for (let round = -1; round < rounds; round++) {
      for (const [index, setup] of setups.entries()) {
        const figures = await quantiles(setup, events);
        if (round >= 0) runs[index]?.push(figures); // the first is the warm-up
      }
    }
    const [ofWs = [], ofEmbedded = [], ofTwoNodes = []] = runs;
    const p99Times = (list: readonly number[][]): number =>
      median(list.map((figures, round) => (figures[1] ?? Number.NaN) / (ofWs[round]?.[1] ?? Number.NaN)));
    return {
      title: 'Latency, publish to subscriber',
      setting: `${1000 / EVERY_MS} events/s to ${SUBSCRIBERS} subscribers, ${rounds} rounds of ${events * SUBSCRIBERS} deliveries each, in turns; medians of the rounds. All ${SUBSCRIBERS} sockets are read by one process, and its time is in these figures.`,
      tables: [
        [
          ['', ...COLUMNS],
          ...setups.map(({ name }, index) => [
            name,
            ...QUANTILES.map((_, q) => short(median((runs[index] ?? []).map((run) => run[q] ?? Number.NaN)))),
          ]),
        ],
      ],
      bars: [
        atMostTimes('embedded, p99', p99Times(ofEmbedded), 1.1, 'raw ws'),
        atMostTimes('two nodes, p99', p99Times(ofTwoNodes), 1.5, 'raw ws on one'),
      ],
    };
  },
};

async function quantiles(
  { pair, publisher }: { pair: Pair; publisher: Worker<ServerCommands> },
  count: number,
): Promise<number[]> {
  await pair.client.ask.arm({ events: count, timed: true });
  const { sentAt } = await publisher.ask.publish({ count, pace: { everyMs: EVERY_MS } });
  await pair.client.ask.drained();
  return pair.client.ask.latencies({ sentAt, quantiles: QUANTILES });
}
