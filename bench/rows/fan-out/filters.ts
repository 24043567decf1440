import { compare, ratio } from '../../harness/compare.ts';
import { atMostTimes, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

const FILTERS = 50;
const many = `${FILTERS} filters` as const;
const one = 'one filter';

/** Subscribers that want different things, and so are different groups, although this event is for all of them. */
export const filters: RowGroup = {
  name: 'filters',
  async run(bench) {
    const subscribers = bench.quick ? 1000 : 5000;
    const inputs = Array.from({ length: FILTERS }, (_, n) => ({
      filter: { agent_type: 'CognitivePsychologist', 'sentiment.score': { gte: -n / 100 } },
    }));
    const pair = { peer: 'ours', subscribers } as const;
    const costs = await compare(
      { [many]: { ...pair, inputs }, [one]: { ...pair, inputs: inputs.slice(0, 1) } },
      { perTick: 1 },
      bench,
    );
    return {
      title: 'Distinct filters',
      setting: `One agent_message per tick to ${subscribers} subscribers with one of ${FILTERS} filters on two fields, all of which it matches, or all with the same one.`,
      tables: [costTable(`${subscribers} subscribers`, costs, one)],
      bars: [atMostTimes(many, ratio(costs[many], costs[one]), 1.2, 'one group')],
    };
  },
};
