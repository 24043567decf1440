import type { Encoder } from '@trpc/server/adapters/ws';

/** tRPC's default on the wire: JSON in text frames. */
export const jsonEncoder: Encoder = {
  encode: (message) => JSON.stringify(message),
  decode(data) {
    if (typeof data !== 'string') {
      throw new Error('Received binary data where JSON in a text frame was expected');
    }
    return JSON.parse(data);
  },
};
