import type { Encoder } from '@trpc/server/adapters/ws';

/** tRPC's default on the wire: JSON in text frames. */
export const jsonEncoder: Encoder = {
  encode: (message) => JSON.stringify(message),
  decode(data) {
    if (typeof data !== 'string') {
      throw new Error(
        'jsonEncoder received binary data. JSON uses text frames. Use a binary encoder for binary data.',
      );
    }
    return JSON.parse(data);
  },
};
