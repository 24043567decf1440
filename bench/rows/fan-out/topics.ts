import { compare, ratio } from '../../harness/compare.ts';
import type { PairOptions } from '../../harness/pair.ts';
import { atMostTimes, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

/** Subscribers that follow several topics, all of them alike. */
export const severalTopics: RowGroup = {
  name: 'several-topics',
  async run(bench) {
    const subscribers = 1000;
    const pair = { peer: 'ours', subscribers } as const;
    const topics = { count: 2, groups: 1 };
    const costs = await compare(
      {
        'one topic': { ...pair, topics: { count: 1, groups: 1 }, inputs: [{ topic: 'group-0.0' }] },
        'a list of two': { ...pair, topics, inputs: [{ topics: ['group-0.0', 'group-0.1'] }] },
        'a pattern over two': { ...pair, topics, inputs: [{ topics: ['group-0.*'] }] },
      },
      { perTick: 1 },
      bench,
    );
    const one = costs['one topic'];
    return {
      title: 'Several topics',
      setting: `One agent_message per tick, to two topics in turns, to ${subscribers} subscribers that follow both.`,
      tables: [costTable(`${subscribers} subscribers`, costs, 'one topic')],
      bars: [
        atMostTimes('a list of two', ratio(costs['a list of two'], one), 1.2, 'one topic'),
        atMostTimes('a pattern over two', ratio(costs['a pattern over two'], one), 1.2, 'one topic'),
      ],
    };
  },
};

const EACH = 5;
const PATTERNS = 50;

/** Growth with the number of topics, each with few subscribers, and of topics below patterns. */
export const manyTopics: RowGroup = {
  name: 'many-topics',
  async run(bench) {
    const [few, many] = bench.quick ? [100, 300] : [100, 1000];
    const byName = (count: number): PairOptions => ({
      peer: 'ours',
      subscribers: EACH * count,
      topics: { count, groups: count },
      inputs: Array.from({ length: count }, (_, n) => ({ topic: `group-${n}.${n}` })),
    });
    const byPattern = (count: number): PairOptions => ({
      peer: 'ours',
      subscribers: EACH * many,
      topics: { count, groups: PATTERNS },
      inputs: Array.from({ length: PATTERNS }, (_, n) => ({ topics: [`group-${n}.*`] })),
    });
    const named = await compare({ few: byName(few), many: byName(many) }, { perTick: 1 }, bench);
    const matched = await compare({ few: byPattern(few), many: byPattern(many) }, { perTick: 1 }, bench);
    return {
      title: 'Many topics',
      setting: `One agent_message per tick, to each topic in turn. By name: ${few} (few) and ${many} (many) topics, ${EACH} subscribers each. By pattern: ${PATTERNS} patterns over as many topics, ${EACH * many} subscribers.`,
      tables: [
        costTable(`${EACH} subscribers a topic`, named, 'few'),
        costTable(`${PATTERNS} patterns`, matched, 'few'),
      ],
      bars: [
        atMostTimes(`${many} topics`, ratio(named.many, named.few), 1.25, `${few} topics`),
        atMostTimes(
          `${PATTERNS} patterns over ${many} topics`,
          ratio(matched.many, matched.few),
          1.25,
          `over ${few}`,
        ),
      ],
    };
  },
};
