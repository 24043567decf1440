import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'ws';
import {
  createAppRouter,
  EventManager,
  loadConfig,
  MemoryBroker,
  type ServerOptions,
  startServer,
} from '../../server/index.ts';

/** A server in a process of its own. Its argument is a `ServerProcessOptions` as JSON. */
export interface ServerProcessOptions {
  /** `stock`: the control. Node's own server and tRPC's own adapter, as their defaults are. */
  adapter: 'ours' | 'stock';
  config?: ServerOptions;
}

/** Its report, sent first of all and after each message to it. */
export interface ServerProcessState {
  port: number;
  residentBytes: number;
  subscribers: number;
  published: number;
  /** True if something got into every object's prototype. */
  polluted: boolean;
}

const { adapter, config } = JSON.parse(process.argv[2] ?? '') as ServerProcessOptions;
const { port, manager } = adapter === 'ours' ? await ours() : await stock();

async function ours() {
  const managers: EventManager[] = [];
  const application = (context: { manager: EventManager }) => {
    managers.push(context.manager);
    return { router: createAppRouter(context.manager) };
  };
  const quiet = { port: 0, simulation: false, logLevel: 'silent' } as const;
  const server = await startServer(loadConfig({ ...quiet, ...config }, {}), { application });
  return { port: server.port, manager: managers[0] };
}

async function stock() {
  const own = new EventManager({ broker: new MemoryBroker() });
  const http = createServer((_request, response) => response.end());
  applyWSSHandler({
    wss: new WebSocketServer({ server: http }),
    router: createAppRouter(own),
    prefix: '/trpc',
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { port: (http.address() as AddressInfo).port, manager: own };
}

function tell(): void {
  globalThis.gc?.();
  const { subscribers = 0, published = {} } = manager?.stats() ?? {};
  const state: ServerProcessState = {
    port,
    residentBytes: process.memoryUsage.rss(),
    subscribers,
    published: Object.values(published).reduce((sum, count) => sum + count, 0),
    polluted: 'polluted' in {},
  };
  process.send?.(state);
}

process.on('message', tell);
process.on('disconnect', () => process.exit()); // its test is over, however it ended
tell();
