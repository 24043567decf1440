import { compare, own } from '../../harness/compare.ts';
import type { PeerName } from '../../peers/registry.ts';
import type { RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

const TOLERANCE = 0.25;

/** Cost of a delivery as the audience grows a hundredfold. */
export const growth: RowGroup = {
  name: 'growth',
  async run(bench) {
    const sizes = bench.quick ? [100, 1000] : [100, 1000, 3000, 10_000];
    const of = (peer: PeerName) =>
      compare(
        Object.fromEntries(sizes.map((subscribers) => [`${subscribers} subscribers`, { peer, subscribers }])),
        { perTick: 1 },
        bench,
      );
    const [ours, ws] = [await of('ours'), await of('ws')];
    const costs = Object.values(ours).map(own);
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    const off = Math.max(...costs.map((cost) => Math.abs(cost / mean - 1)));
    const smallest = `${sizes[0]} subscribers`;
    return {
      title: 'Growth',
      setting: `One agent_message per tick to ${sizes.join(', ')} subscribers.`,
      tables: [costTable('psyche-events', ours, smallest), costTable('raw ws', ws, smallest)],
      bars: [
        {
          bar: `own cost per delivery from ${sizes.at(0)} to ${sizes.at(-1)} subscribers: flat (±25 % of its mean)`,
          measured: `±${(100 * off).toFixed(0)} %`,
          reached: off <= TOLERANCE,
        },
      ],
    };
  },
};
