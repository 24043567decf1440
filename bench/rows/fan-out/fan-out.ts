import { compare, ownRatio, ratio } from '../../harness/compare.ts';
import { bunVersion } from '../../harness/process.ts';
import type { PeerName } from '../../peers/registry.ts';
import { atMostTimes, type Bar, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

const BUN_ROW = 'Bun’s server.publish';

/** One event in a turn of the event loop: nothing can be joined, every frame is a write of its own. */
export const fanOut: RowGroup = {
  name: 'fan-out',
  async run(bench) {
    const bun = bunVersion();
    const sizes = bench.quick ? [1000] : [1000, 5000];
    const tables: string[][][] = [];
    const bars: Bar[] = [];
    for (const subscribers of sizes) {
      const to = (peer: PeerName) => ({ peer, subscribers });
      const competitors = {
        'psyche-events': to('ours'),
        'raw ws': to('ws'),
        'Socket.IO': to('socketIo'),
        'graphql-ws': to('graphqlWs'),
        'stock tRPC': to('trpc'),
      };
      const all = bun === null ? competitors : { ...competitors, [BUN_ROW]: to('bun') };
      const costs = await compare<keyof typeof competitors>(all, { perTick: 1 }, bench);
      const what = `${subscribers} subscribers`;
      tables.push(costTable(what, costs, 'raw ws'));
      const ours = costs['psyche-events'];
      bars.push(
        atMostTimes(what, ratio(ours, costs['raw ws']), 0.9, 'raw ws'),
        atMostTimes(`${what}, own time`, ownRatio(ours, costs['raw ws']), 0.75, 'raw ws'),
        atMostTimes(what, ratio(ours, costs['stock tRPC']), 0.2, 'stock tRPC'),
        atMostTimes(what, ratio(ours, costs['Socket.IO']), 0.75, 'Socket.IO'),
      );
      const native = Object.entries(costs).find(([name]) => name === BUN_ROW)?.[1];
      if (native) bars.push(atMostTimes(what, ratio(ours, native), 1.4, 'Bun’s native publish'));
    }
    return {
      title: 'Fan-out, one event per tick',
      setting: `One agent_message in each turn of the event loop, to every subscriber. ${bun === null ? 'Bun is not installed here.' : `Bun is ${bun}.`}`,
      tables,
      bars,
    };
  },
};
