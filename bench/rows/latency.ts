import type { PairOptions } from '../harness/pair.ts';
import { openPair, startServer } from '../harness/pair.ts';
import { short } from '../harness/stats.ts';
import { atMost, type RowGroup } from './section.ts';

const SUBSCRIBERS = 1000;
const EVERY_MS = 10;
const QUANTILES = [0.5, 0.99, 1];
const COLUMNS = ['p50 ms', 'p99 ms', 'max ms'];

/** From the call of publish to the moment the subscribing process has read the frame, over all deliveries. */
export const latency: RowGroup = {
  name: 'latency',
  async run(bench) {
    const events = bench.quick ? 100 : 2000;
    const redisUrl = await bench.redisUrl();
    const embedded = await quantiles({ peer: 'ours', subscribers: SUBSCRIBERS }, events, false);
    const twoNodes = await quantiles({ peer: 'ours', subscribers: SUBSCRIBERS, redisUrl }, events, true);
    const ws = await quantiles({ peer: 'ws', subscribers: SUBSCRIBERS }, events, false);
    const row = (name: string, values: readonly number[]) => [name, ...values.map(short)];
    const p99 = (values: readonly number[]) => values[1] ?? Number.NaN;
    return {
      title: 'Latency, publish to subscriber',
      setting: `${1000 / EVERY_MS} events/s to ${SUBSCRIBERS} subscribers, ${events * SUBSCRIBERS} deliveries. All ${SUBSCRIBERS} sockets are read by one process, and its time is in these figures.`,
      tables: [
        [
          ['', ...COLUMNS],
          row('psyche-events, embedded', embedded),
          row('psyche-events, through Redis between two nodes', twoNodes),
          row('raw ws', ws),
        ],
      ],
      bars: [
        atMost('embedded, p99', p99(embedded), 10, 'ms'),
        atMost('two nodes, p99', p99(twoNodes), 15, 'ms'),
      ],
    };
  },
};

/** @param elsewhere whether another node publishes than the one that has the subscribers */
async function quantiles(
  options: PairOptions,
  events: number,
  elsewhere: boolean,
): Promise<readonly number[]> {
  await using pair = await openPair(options);
  await using other = elsewhere ? startServer(options) : null;
  const { publish } = (other ?? pair.server).ask;
  const pace = { everyMs: EVERY_MS };
  const run = async (count: number): Promise<Float64Array> => {
    await pair.client.ask.arm({ events: count, timed: true });
    const { sentAt } = await publish({ count, pace });
    await pair.client.ask.drained();
    return sentAt;
  };
  await run(Math.ceil(events / 4));
  const sentAt = await run(events);
  return await pair.client.ask.latencies({ sentAt, quantiles: QUANTILES });
}
