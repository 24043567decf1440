import { compare, ratio } from '../../harness/compare.ts';
import type { PeerName } from '../../peers/registry.ts';
import { atMostTimes, type RowGroup } from '../section.ts';
import { costTable } from './cost-table.ts';

/** The whole server, to which a client publishes: each event is received, checked and stored before it goes out. */
export const fromClient: RowGroup = {
  name: 'from-client',
  async run(bench) {
    const to = (peer: PeerName) => ({ peer, subscribers: 1000, fromClient: true });
    const costs = await compare(
      { 'psyche-events': to('oursServer'), 'raw ws': to('wsBroadcast') },
      { inFlight: 1 },
      bench,
    );
    return {
      title: 'Fan-out of what a client publishes',
      setting:
        'The server as `npm start` has it, without the simulation. A client publishes one agent_message after the other by mutations over its WebSocket, each validated; raw ws sends on what it receives. To 1000 subscribers.',
      tables: [costTable('1000 subscribers', costs, 'raw ws')],
      bars: [atMostTimes('1000 subscribers', ratio(costs['psyche-events'], costs['raw ws']), 1, 'raw ws')],
    };
  },
};
