import { createAppRouter, type EventManager, loadConfig, startServer } from '../../server/index.ts';

/** Options of the server process, as JSON in its first argument. */
export interface ChurnServerOptions {
  redisUrl: string;
  retentionMaxAgeMs: number;
  /** Keeps what clients leave behind: no protection. */
  leaks: boolean;
}

/** Memory and handles of the server process after garbage collection. */
export interface Holdings {
  heapBytes: number;
  residentBytes: number;
  /** Resources that keep Node's event loop alive, by kind. */
  handles: Record<string, number>;
  connections: number;
  subscribers: number;
  topics: number;
}

/** The server of the churn: it tells its address, and what it holds when it is asked. */
const { leaks, ...options } = JSON.parse(process.argv[2] ?? '') as ChurnServerOptions;
let manager: EventManager | undefined;
const server = await startServer(
  loadConfig({ ...options, port: 0, simulation: false, logLevel: 'error' }, {}),
  {
    application: (context) => {
      manager = context.manager;
      return { router: createAppRouter(context.manager) };
    },
  },
);
if (leaks) setInterval(() => manager?.addListener(() => {}, { topic: `leak-${Math.random()}` }), 200);

// The parent that asks may be killed.
process.on('disconnect', () => process.exit());
process.on('message', async () => {
  // Finalizers free memory only for the next collection.
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  const { heapUsed, rss } = process.memoryUsage();
  const { subscribers = 0, topics = [] } = manager?.stats() ?? {};
  process.send?.({
    heapBytes: heapUsed,
    residentBytes: rss,
    handles,
    connections: server.broadcaster.connections.length,
    subscribers,
    topics: topics.length,
  } satisfies Holdings);
});
process.send?.({ url: server.url });
