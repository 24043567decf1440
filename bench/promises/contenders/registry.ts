import type { Contender } from '../contender.ts';
import { graphqlWs } from './graphql-ws.ts';
import { ours } from './ours.ts';
import { rawWs } from './raw-ws.ts';
import { socketIo } from './socket-io.ts';
import { trpc } from './trpc.ts';

/** All contenders that run here, by the names that the table gives them. */
export const contenders = {
  'psyche-events': ours,
  'tRPC, EventEmitter': trpc,
  'Socket.IO': socketIo,
  'graphql-ws': graphqlWs,
  ws: rawWs,
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;
