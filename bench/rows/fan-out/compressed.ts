import { compare, ratio } from '../../harness/compare.ts';
import type { PeerName } from '../../peers/registry.ts';
import { atMostTimes, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

/** permessage-deflate: once for all sockets, or once for each. */
export const compressed: RowGroup = {
  name: 'compressed',
  async run(bench) {
    const to = (peer: PeerName) => ({ peer, subscribers: 1000 });
    const costs = await compare(
      {
        'psyche-events, deflated': to('oursDeflate'),
        'psyche-events': to('ours'),
        'raw ws, permessage-deflate': to('wsDeflate'),
        'raw ws': to('ws'),
      },
      { perTick: 1 },
      bench,
    );
    const deflated = costs['psyche-events, deflated'];
    const plain = costs['psyche-events'];
    const perConnection = costs['raw ws, permessage-deflate'];
    const saved = 100 * (1 - deflated.bytesPerDelivery / plain.bytesPerDelivery);
    return {
      title: 'Compressed fan-out',
      setting:
        'One agent_message per tick to 1000 subscribers that offer permessage-deflate; texts differ from event to event. ws keeps a window per connection, which compresses better and costs memory and CPU for each.',
      tables: [costTable('1000 subscribers', costs, 'psyche-events')],
      bars: [
        atMostTimes('CPU', ratio(deflated, plain), 1.1, 'our own uncompressed'),
        atMostTimes('CPU', ratio(deflated, perConnection), 0.2, 'ws per-connection deflate'),
        { bar: 'wire bytes: −35 % or better', measured: `−${saved.toFixed(0)} %`, reached: saved >= 35 },
      ],
    };
  },
};
