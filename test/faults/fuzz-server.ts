import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { initTRPC } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import superjson from 'superjson';
import { WebSocketServer } from 'ws';
import { EventManager, eventProcedures, loadConfig, MemoryBroker, startServer } from '../../server/index.ts';

/**
 * The argument of a server for the fuzz, a process of its own. `stock` is the control: the same procedures on tRPC's own
 * adapters and superjson's own decoder.
 */
export type FuzzServerKind = 'ours' | 'stock';

/** Its report, sent first of all and after each message to it. */
export interface FuzzServerState {
  port: number;
  residentBytes: number;
  /** Bytes of objects and buffers, after the garbage is gone. */
  heldBytes: number;
  /** The longest that the event loop was held up since the last time this was asked, in ms. */
  worstDelayMs: number;
}

const RESOLUTION_MS = 5;
const MAX_BODY_BYTES = 1024 * 1024;
/** Bytes of events that are kept, so that stored events are not taken for the cost of clients. */
const RETENTION_BYTES = 4 * 1024 * 1024;

const kind = process.argv[2];
const port = kind === 'ours' ? await ours() : await stock();

async function ours(): Promise<number> {
  const quiet = { port: 0, simulation: false, logLevel: 'silent' } as const;
  const retention = { retentionMaxBytes: RETENTION_BYTES, retentionMaxTotalBytes: RETENTION_BYTES };
  const server = await startServer(loadConfig({ ...quiet, ...retention }, {}));
  return server.port;
}

async function stock(): Promise<number> {
  const t = initTRPC.create({ transformer: superjson, isDev: false });
  const manager = new EventManager({ broker: new MemoryBroker({ maxBytes: RETENTION_BYTES }) });
  const router = t.router({ ...eventProcedures(manager, t.procedure) });
  const handler = createHTTPHandler({ router, basePath: '/trpc/', maxBodySize: MAX_BODY_BYTES });
  const http = createServer((request, response) => {
    if (request.url === '/healthz') response.end('{}');
    else handler(request, response);
  });
  applyWSSHandler({ wss: new WebSocketServer({ server: http, maxPayload: MAX_BODY_BYTES }), router });
  return listen(http);
}

async function listen(http: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return (http.address() as AddressInfo).port;
}

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

function tell(): void {
  const worstDelayMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const state: FuzzServerState = { port, residentBytes: rss, heldBytes: heapUsed + external, worstDelayMs };
  setTimeout(() => {
    delay.reset(); // of what collecting the garbage took, too
    process.send?.(state);
  }, 4 * RESOLUTION_MS);
}

process.on('message', tell);
process.on('disconnect', () => process.exit()); // its test is over, however it ended
tell();
