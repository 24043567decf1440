import { compare, ratio } from '../harness/compare.ts';
import { costTable } from './cost-table.ts';
import { atMostTimes, type RowGroup } from './section.ts';

const FILTERS = 50;
const many = `${FILTERS} filters` as const;
const one = 'one filter';

/** Subscribers that want different things, and so are different groups, although this event is for all of them. */
export const filters: RowGroup = {
  name: 'filters',
  async run(bench) {
    const subscribers = bench.quick ? 1000 : 5000;
    const inputs = Array.from({ length: FILTERS }, (_, n) => ({ types: ['agent_message', `extra_${n}`] }));
    const pair = { peer: 'ours', subscribers, extraTypes: FILTERS } as const;
    const costs = await compare(
      { [many]: { ...pair, inputs }, [one]: { ...pair, inputs: inputs.slice(0, 1) } },
      { perTick: 1 },
      bench,
    );
    return {
      title: 'Distinct filters',
      setting: `One agent_message per tick to ${subscribers} subscribers, whose \`types\` are one of ${FILTERS} sets, or all the same.`,
      tables: [costTable(`${subscribers} subscribers`, costs, one)],
      bars: [atMostTimes(many, ratio(costs[many], costs[one]), 1.5, 'one group')],
    };
  },
};
