import { compare } from '../harness/compare.ts';
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
      const ours = costs['psyche-events'].microsPerDelivery;
      bars.push(
        atMostTimes(what, ours, 1, costs['raw ws'].microsPerDelivery, 'raw ws'),
        atMostTimes(what, ours, 0.1, costs['stock tRPC'].microsPerDelivery, 'stock tRPC'),
        atMostTimes(what, ours, 0.75, costs['Socket.IO'].microsPerDelivery, 'Socket.IO'),
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
