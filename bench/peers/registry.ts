import type { Peer } from './peer.ts';

/** Everything that can be measured. A process loads only the one it is started for. */
export const peers = {
  ours: async () => (await import('./ours.ts')).ours,
  oursDeflate: async () => (await import('./ours.ts')).oursDeflate,
  oursServer: async () => (await import('./ours.ts')).oursServer,
  oursMetrics: async () => (await import('./ours.ts')).oursMetrics,
  oursOldLog: async () => (await import('./ours.ts')).oursOldLog,
  oursOpen: async () => (await import('./open.ts')).oursOpen,
  oursAppend: async () => (await import('./open.ts')).oursAppend,
  oursSse: async () => (await import('./sse.ts')).oursSse,
  ws: async () => (await import('./ws.ts')).ws,
  wsDeflate: async () => (await import('./ws.ts')).wsDeflate,
  wsBroadcast: async () => (await import('./ws.ts')).wsBroadcast,
  bun: async () => (await import('./bun.ts')).bun,
  socketIo: async () => (await import('./socket-io.ts')).socketIo,
  graphqlWs: async () => (await import('./graphql-ws.ts')).graphqlWs,
  trpc: async () => (await import('./trpc.ts')).trpc,
  trpcSse: async () => (await import('./sse.ts')).trpcSse,
  xadd: async () => (await import('./xadd.ts')).xadd,
} satisfies Record<string, () => Promise<Peer>>;

export type PeerName = keyof typeof peers;
