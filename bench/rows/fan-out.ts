import { compare, ratio } from '../harness/compare.ts';
import type { PeerName } from '../peers/registry.ts';
import { costTable } from './cost-table.ts';
import { atMostTimes, type Bar, type RowGroup } from './section.ts';

/** One event in a turn of the event loop: nothing can be joined, every frame is a write of its own. */
export const fanOut: RowGroup = {
  name: 'fan-out',
  async run(bench) {
    const sizes = bench.quick ? [1000] : [1000, 5000];
    const tables: string[][][] = [];
    const bars: Bar[] = [];
    for (const subscribers of sizes) {
      const to = (peer: PeerName) => ({ peer, subscribers });
      const costs = await compare(
        {
          'psyche-events': to('ours'),
          'raw ws': to('ws'),
          'Socket.IO': to('socketIo'),
          'graphql-ws': to('graphqlWs'),
          'stock tRPC': to('trpc'),
        },
        { perTick: 1 },
        bench,
      );
      const what = `${subscribers} subscribers`;
      tables.push(costTable(what, costs, 'raw ws'));
      const ours = costs['psyche-events'];
      bars.push(
        atMostTimes(what, ratio(ours, costs['raw ws']), 1, 'raw ws'),
        atMostTimes(what, ratio(ours, costs['stock tRPC']), 0.1, 'stock tRPC'),
        atMostTimes(what, ratio(ours, costs['Socket.IO']), 0.75, 'Socket.IO'),
      );
    }
    return {
      title: 'Fan-out, one event per tick',
      setting: 'One agent_message in each turn of the event loop, to every subscriber.',
      tables,
      bars,
    };
  },
};
