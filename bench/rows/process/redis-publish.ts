import { startServer } from '../../harness/pair.ts';
import { median } from '../../harness/stats.ts';
import type { RowGroup } from '../section.ts';

const IN_FLIGHT = 500;

/** Rate of one process's publishes into Redis, against plain XADD. */
export const redisPublish: RowGroup = {
  name: 'redis-publish',
  async run(bench) {
    const count = bench.quick ? 10_000 : 100_000;
    const redisUrl = await bench.redisUrl();
    await using ours = startServer({ peer: 'ours', redisUrl });
    await using xadd = startServer({ peer: 'xadd', redisUrl });
    const perSecond = async ({ ask }: typeof ours): Promise<number> => {
      const { elapsedMs } = await ask.publish({ count, pace: { inFlight: IN_FLIGHT } });
      return count / (elapsedMs / 1000);
    };
    const rates = { ours: [] as number[], xadd: [] as number[] };
    for (let round = -1; round < bench.rounds; round++) {
      const [a, b] = [await perSecond(ours), await perSecond(xadd)];
      if (round < 0) continue; // the warm-up
      rates.ours.push(a);
      rates.xadd.push(b);
    }
    const [a, b] = [median(rates.ours), median(rates.xadd)];
    const times = median(rates.ours.map((rate, round) => rate / (rates.xadd[round] ?? Number.NaN)));
    return {
      title: 'Publish through Redis',
      setting: `One process on one core, ${IN_FLIGHT} publishes in flight, auto-pipelining; Redis on the other core, appendonly with everysec. Ours is validated, numbered, idempotent, appended, trimmed and announced.`,
      tables: [
        [
          ['', 'publishes per second', '× plain XADD'],
          ['psyche-events', a.toFixed(0), times.toFixed(2)],
          ['plain XADD', b.toFixed(0), '1.00'],
        ],
      ],
      bars: [{ bar: '≥ 0.85 × plain XADD', measured: `${times.toFixed(2)} ×`, reached: times >= 0.85 }],
    };
  },
};
