import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import {
  applyBroadcastWSSHandler,
  createAppRouter,
  EventManager,
  MemoryBroker,
  RedisBroker,
  SqliteBroker,
  WEBSOCKET_LIMITS,
} from '../../server/index.ts';
import { expose } from '../harness/rpc.ts';
import { listen } from '../peers/listen.ts';
import { openCatalog } from '../peers/open.ts';

/** Options of a node with many open events. */
export interface OpenNodeOptions {
  /** A Redis that it goes through; `file` of its log. Neither: in memory. */
  readonly redisUrl?: string;
  readonly redisPrefix?: string;
  readonly file?: string;
  readonly maxOpen: number;
}

const { redisUrl, redisPrefix, file, maxOpen } = JSON.parse(process.argv[2] ?? '') as OpenNodeOptions;

async function openBroker() {
  if (redisUrl !== undefined) return new RedisBroker({ url: redisUrl }, { prefix: redisPrefix ?? 'psyche' });
  return file === undefined ? new MemoryBroker() : SqliteBroker.open({ path: file });
}

const manager = new EventManager({ catalog: openCatalog, broker: await openBroker(), maxOpen });
const http = createServer();
const wss = new WebSocketServer({ server: http, ...WEBSOCKET_LIMITS });
applyBroadcastWSSHandler({ wss, router: createAppRouter(manager) });
const url = await listen(http);
let touches = 0;
const touch = manager.opens.touch.bind(manager.opens);
manager.opens.touch = (owned) => {
  touches++;
  return touch(owned);
};
let cpuStart = process.cpuUsage();

const commands = {
  url: () => url,
  subscribers: () => manager.stats().subscribers,
  /** Begins growing events with a text of so many characters. */
  begin: async ({ topic, count, chars }: { topic: string; count: number; chars: number }) => {
    const data = { agent_id: 'agent_10', text: 'word '.repeat(chars / 5) };
    for (let n = 0; n < count; n++)
      await manager.opens.begin('reply', data, { topic, leaseMs: 60 * 60 * 1000 });
  },
  open: async (topic: string) => (await manager.openEvents({ topic })).items.length,
  /** Bytes, after the garbage is gone. */
  memory: () => {
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  },
  /** Starts the count of CPU time and of renewals. */
  startCount: () => {
    touches = 0;
    cpuStart = process.cpuUsage();
  },
  /** Both since then: microseconds, and calls. */
  counted: () => {
    const { user, system } = process.cpuUsage(cpuStart);
    return { cpuMicros: user + system, touches };
  },
  /** Ms of a look at all leases when none is over, mean. */
  sweepMs: async (times: number) => {
    const start = performance.now();
    for (let n = 0; n < times; n++) await manager.opens.settleLapsed(100);
    return (performance.now() - start) / times;
  },
};

export type OpenNodeCommands = typeof commands;
expose(commands);
