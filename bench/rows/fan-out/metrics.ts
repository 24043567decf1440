import { compare, ratio } from '../../harness/compare.ts';
import { atMostTimes, type Bar, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

const on = 'with metrics';
const off = 'without';

/** Cost of metrics: instruments are told of each event and group, so the fewer subscribers, the dearer. */
export const metrics: RowGroup = {
  name: 'metrics',
  async run(bench) {
    const tables: string[][][] = [];
    const bars: Bar[] = [];
    for (const subscribers of [10, 1000]) {
      const costs = await compare(
        { [on]: { peer: 'oursMetrics', subscribers }, [off]: { peer: 'ours', subscribers } },
        { perTick: 1 },
        bench,
      );
      const what = `${subscribers} subscribers`;
      tables.push(costTable(what, costs, off));
      bars.push(atMostTimes(what, ratio(costs[on], costs[off]), 1.1, off));
    }
    return {
      title: 'Metrics on and off',
      setting: 'One agent_message per tick, its publish and its delivery measured for Prometheus, or not.',
      tables,
      bars,
    };
  },
};
