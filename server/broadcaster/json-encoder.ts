import type { Encoder } from '@trpc/server/adapters/ws';
import { parseExactly } from '../../shared/exact-json.ts';

/** tRPC's default on the wire: JSON in text frames. Whole numbers that JavaScript would round become bigints. */
export const jsonEncoder: Encoder = {
  encode: (message) => JSON.stringify(message),
  decode(data) {
    if (typeof data !== 'string') {
      throw new Error(
        'jsonEncoder received binary data. JSON uses text frames. Use a binary encoder for binary data.',
      );
    }
    return parseExactly(data);
  },
};
