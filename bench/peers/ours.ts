import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import * as z from 'zod';
import { createClient } from '../../client/index.ts';
import {
  applyBroadcastWSSHandler,
  COMPRESSION,
  createAppRouter,
  EventManager,
  MemoryBroker,
  Metrics,
  RedisBroker,
  WEBSOCKET_LIMITS,
} from '../../server/index.ts';
import { type AnyCatalog, defineEvents, psycheEvents, versions } from '../../shared/index.ts';
import type { Clock } from '../../shared/timing.ts';
import { topicOf } from '../events.ts';
import { listen } from './listen.ts';
import type { Peer, RunningServer, ServerOptions } from './peer.ts';
import { subscribing } from './trpc.ts';
import { wholeServer } from './whole-server.ts';

/** A subscription over a WebSocket. */
export const handshake = subscribing('"stream_synced"');

/** This project, put together from its public parts. */
export const ours: Peer = { serve: (options) => serveParts(options), handshake };

/** The whole server, to which a client publishes by mutations over its WebSocket. */
export const oursServer: Peer = {
  serve: wholeServer,
  handshake,
  async connectPublisher(url) {
    const client = createClient({ url });
    return ({ event_type, data }) => client.publish(event_type, data);
  },
};

/** Put together from its parts, and measured for Prometheus as with METRICS_PORT. */
export const oursMetrics: Peer = {
  serve: (options) => serveParts(options, { metrics: new Metrics() }),
  handshake,
};

/** Put together from its parts, with a log of events that are a version older than those that its clients get. */
export const oursOldLog: Peer = { serve: (options) => serveParts(options, { catalog: upgraded }), handshake };

/** Put together from its parts, for clients that take compressed messages. */
export const oursDeflate: Peer = {
  serve: (options) => serveParts(options, { perMessageDeflate: COMPRESSION }),
  handshake: {
    ...handshake,
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
  },
};

const { agent_message } = psycheEvents.schemas;
const newMessage = agent_message.omit({ message: true }).extend({ text: z.string() });

/** The seed's catalog a change later: a message has its words in `text`. */
const upgraded = defineEvents({
  ...psycheEvents.schemas,
  agent_message: versions(agent_message, [
    newMessage,
    ({ message, ...rest }) => ({ ...rest, text: message }),
    ({ text, ...rest }) => ({ ...rest, message: text }),
  ]),
});

/** Options of this project's parts. */
export interface PartsOptions {
  readonly catalog?: AnyCatalog;
  readonly perMessageDeflate?: typeof COMPRESSION | false;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** Makes what an event is handed over to. Default: it is published. */
  readonly publisher?: (manager: EventManager<AnyCatalog>) => Promise<RunningServer['publish']>;
}

/** This project's parts, put together and listening. */
export async function serveParts(
  { redisUrl, redisPrefix = 'psyche', topics }: ServerOptions,
  { catalog = psycheEvents, perMessageDeflate = false, metrics, clock, publisher }: PartsOptions = {},
): Promise<RunningServer> {
  const broker =
    redisUrl === undefined ? new MemoryBroker() : new RedisBroker({ url: redisUrl }, { prefix: redisPrefix });
  const publishAs = catalog === upgraded ? { agent_message: 1 } : {};
  const manager = new EventManager({
    catalog,
    broker,
    publishAs,
    ...(metrics && { instruments: metrics }),
    ...(clock && { clock }),
  });
  const http = createServer();
  const wss = new WebSocketServer({ server: http, ...WEBSOCKET_LIMITS, perMessageDeflate });
  applyBroadcastWSSHandler({ wss, router: createAppRouter(manager) });
  metrics?.watch({ manager });
  let published = 0;
  const publish: RunningServer['publish'] = ({ event_type, data }) =>
    manager.publish(event_type, data, topics && { topic: topicOf(published++, topics) });
  return {
    url: await listen(http),
    publish: (await publisher?.(manager)) ?? publish,
    subscribers: () => manager.stats().subscribers,
  };
}
