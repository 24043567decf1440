import { Redis } from 'ioredis';
import type { Peer } from './peer.ts';

/** An unchecked XADD of the event's text: what any publish through Redis costs at least. Takes no subscribers. */
export const xadd: Peer = {
  handshake: { path: '/', opening: () => ({}), step: () => ({}) },
  async serve({ redisUrl }) {
    if (redisUrl === undefined) throw new TypeError('xadd: needs redisUrl');
    const redis = new Redis(redisUrl, { enableAutoPipelining: true });
    return {
      url: '',
      publish: (event) =>
        redis.xadd('bench:xadd', 'MAXLEN', '~', 10_000, '*', 'event', JSON.stringify(event)),
      subscribers: () => 0,
    };
  },
};
