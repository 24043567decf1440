import type { Handshake, Peer } from './peer.ts';
import { subscribeMessage } from './trpc.ts';

const handshake: Handshake = {
  path: '/trpc',
  opening: (input) => ({ send: subscribeMessage(input) }),
  step: (text) => ({ ready: text.includes('"stream_synced"') }),
};
const serve: Peer['serve'] = () => {
  throw new Error('not yet');
};

export const ours: Peer = { serve, handshake };
export const oursDeflate: Peer = { serve, handshake };
