import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import {
  applyBroadcastWSSHandler,
  createAppRouter,
  EventManager,
  MemoryBroker,
  WEBSOCKET_LIMITS,
} from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';

/**
 * A server process that publishes at a steady rate: `perSecond` events of `bytes` each, whose text begins with their
 * number and the time they were published at. Its argument is a `SoakOptions` as JSON; it tells its port and, when
 * asked, its resident bytes.
 */
export interface SoakOptions {
  perSecond: number;
  bytes: number;
  /** False: everything is iterated, encoded for each subscriber, and may pile up. */
  guarded: boolean;
}

const LOG_RECORDS = 10_000;

const options = JSON.parse(process.argv[2] ?? '') as SoakOptions;
const manager = new EventManager({ broker: new MemoryBroker({ maxRecords: LOG_RECORDS }) });
const http = createServer();
const wss = new WebSocketServer({ server: http, ...WEBSOCKET_LIMITS });
applyBroadcastWSSHandler({
  wss,
  router: createAppRouter(manager),
  ...(!options.guarded && { live: false, maxBufferedBytes: Number.POSITIVE_INFINITY }),
  drainTimeoutMs: 600_000, // here they are to be held, not cut
});

const padding = 'x'.repeat(options.bytes);
let number = 0;
const publish = () => manager.publish('agent_message', agentMessage(`${++number} ${Date.now()} ${padding}`));

// A log that grows to its retention while it is measured would pass for memory of the readers.
while (number < LOG_RECORDS) await publish();
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }));
setInterval(() => void publish(), 1000 / options.perSecond);

// The parent that asks may be killed.
process.on('disconnect', () => process.exit());
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ residentBytes: process.memoryUsage.rss(), published: number });
});
