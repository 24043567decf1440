import { compare, ratio } from '../../harness/compare.ts';
import type { PeerName } from '../../peers/registry.ts';
import { atMostTimes, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

/** Server-sent events: encoded once for all streams, or once for each. */
export const serverSent: RowGroup = {
  name: 'server-sent',
  async run(bench) {
    const subscribers = bench.quick ? 300 : 1000;
    const to = (peer: PeerName) => ({ peer, subscribers });
    const costs = await compare(
      {
        'psyche-events, server-sent events': to('oursSse'),
        'psyche-events, WebSockets': to('ours'),
        'stock tRPC, server-sent events': to('trpcSse'),
      },
      { perTick: 1 },
      bench,
    );
    const ours = costs['psyche-events, server-sent events'];
    return {
      title: 'Fan-out over server-sent events',
      setting: `One agent_message in each turn of the event loop, to ${subscribers} streams of server-sent events over HTTP/1.1.`,
      tables: [costTable(`${subscribers} subscribers`, costs, 'psyche-events, WebSockets')],
      bars: [
        atMostTimes('CPU', ratio(ours, costs['psyche-events, WebSockets']), 1.3, 'our own WebSockets'),
        atMostTimes('CPU', ratio(ours, costs['stock tRPC, server-sent events']), 0.1, 'stock tRPC'),
      ],
    };
  },
};
