import * as z from 'zod';
import { type AnyCatalog, defineEvents, growing, presence, psycheEvents } from '../../shared/index.ts';
import { type AgentMessage, pieceOf } from '../events.ts';
import { handshake, serveParts } from './ours.ts';
import type { Peer } from './peer.ts';

/** The seed's events, and some that are not finished when they are begun. */
export const openCatalog: AnyCatalog = defineEvents({
  ...psycheEvents.schemas,
  reply: growing(z.object({ agent_id: z.string(), text: z.string() }), 'text'),
  viewer: presence(z.object({ name: z.string() })),
});

/**
 * Replies that grow in turns: what is appended to one within 50 ms is joined, and here each piece is to be delivered by
 * itself.
 */
const REPLIES = 100;
const LEASE_MS = 60 * 60 * 1000;
/** Makes the frame of an append as long as that of an `agent_message`. */
const PIECE_CHARS = 184;

/** Publishes complete events of a catalog in which others grow. */
export const oursOpen: Peer = {
  serve: (options) => serveParts(options, { catalog: openCatalog }),
  handshake,
};

/** Appends to replies that grow, in place of publishing: pieces as long on the wire as an `agent_message`. */
export const oursAppend: Peer = {
  handshake,
  serve: (options) =>
    serveParts(options, {
      catalog: openCatalog,
      async publisher({ opens }) {
        const replies = await Promise.all(
          Array.from({ length: REPLIES }, async (_, n) => {
            const data = { agent_id: `agent_${n}`, text: '' };
            const { id, key } = await opens.begin('reply', data, { leaseMs: LEASE_MS });
            return { id, key, by: undefined, at: 0 };
          }),
        );
        let next = 0;
        return (event: AgentMessage) => {
          const reply = replies[next++ % REPLIES];
          if (!reply) throw new TypeError('there is no reply');
          const text = pieceOf(event, PIECE_CHARS);
          const append = { ...reply, text };
          reply.at += text.length;
          return opens.append(append);
        };
      },
    }),
};
