import { compare, ratio } from '../../harness/compare.ts';
import type { PeerName } from '../../peers/registry.ts';
import { atMostTimes, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

const PER_TICK = 20;

/** Events that arrive faster than the event loop turns: those of one turn can leave together. */
export const burst: RowGroup = {
  name: 'burst',
  async run(bench) {
    const to = (peer: PeerName) => ({ peer, subscribers: 1000 });
    const costs = await compare(
      { 'psyche-events': to('ours'), 'raw ws': to('ws'), 'Socket.IO': to('socketIo') },
      { perTick: PER_TICK },
      bench,
    );
    return {
      title: 'Fan-out under burst',
      setting: `${PER_TICK} agent_messages in each turn of the event loop, to 1000 subscribers.`,
      tables: [costTable('1000 subscribers', costs, 'raw ws')],
      bars: [atMostTimes('1000 subscribers', ratio(costs['psyche-events'], costs['raw ws']), 0.1, 'raw ws')],
    };
  },
};
