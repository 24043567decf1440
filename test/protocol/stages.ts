import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import * as z from 'zod';
import { LogUnavailable } from '../../server/broker/broker.ts';
import {
  type Authenticate,
  applyBroadcastWSSHandler,
  type Broker,
  createAppRouter,
  EventManager,
  type EventManagerOptions,
  loadConfig,
  MemoryBroker,
  type ServerOptions,
  startServer,
} from '../../server/index.ts';
import { type AnyCatalog, defineEvents, EventsError } from '../../shared/index.ts';
import { openCatalog } from '../open/world.ts';
import { until } from '../setup/until.ts';
import { HASTY } from '../support/hasty-clock.ts';

/** Few and small events, so that frames can be read. */
const catalog = defineEvents({
  note: z.object({ text: z.string(), mood: z.number().optional() }),
  dream: z.object({ at: z.date(), sheep: z.bigint() }),
});
type Manager = EventManager<typeof catalog>;

/** A step of frames.json that happens at the server. */
export interface Act {
  readonly topic?: string;
  readonly texts?: readonly string[];
}

/** A server that an exchange is replayed against. */
export interface Stage extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Happenings at the server, by their names in frames.json. */
  readonly acts: Readonly<Record<string, (act: Act) => unknown>>;
}

const ALL = { publish: ['*'], subscribe: ['*'], topics: ['*'], stats: true };
/** Ms that the token `brief` is good for, from its first use. */
const BRIEF_MS = 3_000;

/** Takes the tokens `good`, `reader` and `brief`; `old` has expired. */
function takesTokens(): Authenticate {
  let briefUntil: number | undefined;
  return ({ token }) => {
    if (token === 'good') return { id: 'alice', claims: ALL };
    if (token === 'reader') return { id: 'bob', claims: { ...ALL, publish: [], topics: ['public'] } };
    if (token === 'old') throw new EventsError('TOKEN_EXPIRED', 'The token has expired.');
    if (token !== 'brief') throw new EventsError('UNAUTHENTICATED', 'The token is not valid.');
    briefUntil ??= Date.now() + BRIEF_MS;
    return { id: 'carol', claims: ALL, expiresAt: briefUntil };
  };
}

interface StageOptions {
  config?: ServerOptions;
  authenticate?: () => Authenticate;
  broker?: Broker;
  /** Default: {@link catalog}. It has notes too. */
  events?: AnyCatalog;
  manager?: Partial<EventManagerOptions<typeof catalog>>;
  acts?: Stage['acts'];
}

/** The whole server, as `startServer` makes it, with a manager that the exchange can do things with. */
async function whole({ config, authenticate, manager: own, acts, ...options }: StageOptions): Promise<Stage> {
  const broker = options.broker ?? new MemoryBroker();
  const events = (options.events ?? catalog) as typeof catalog;
  const manager = new EventManager({ catalog: events, broker, ...own });
  const server = await startServer(
    loadConfig({ port: 0, simulation: false, logLevel: 'silent', drainMs: 200, ...config }, {}),
    {
      catalog: events,
      ...(authenticate && { authenticate: authenticate() }),
      application: () => ({
        router: createAppRouter(manager, (procedure) => ({
          beside: procedure.input(z.object({ topic: z.string() })).mutation(() => null),
        })),
      }),
    },
  );
  return {
    url: server.url,
    acts: {
      ...actsOf(manager, broker),
      'the server stops': () => void server.close(),
      'alice is revoked': () => server.sessions.revoke('alice'),
      ...acts,
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await manager.close();
    },
  };
}

function actsOf(manager: Manager, broker: Broker): Stage['acts'] {
  const subscribers = () => manager.stats().subscribers;
  return {
    'notes are published': ({ topic, texts = [] }) =>
      manager.publishBatch(
        texts.map((text) => ({ event_type: 'note', data: { text } })),
        { topic },
      ),
    'a foreign program writes what is no note': ({ topic = '' }) =>
      broker.publish(topic, [{ type: 'note', id: 'foreign', json: '{"event_type":"note"}' }]),
    'a newer server publishes a note of version 2': ({ topic = '' }) =>
      broker.publish(topic, [{ type: 'note', id: 'newer', json: '{"event_type":"note"}', version: 2 }]),
    'more is published than the client takes': async ({ topic }) => {
      await until('a subscriber', async () => subscribers() > 0);
      const large = { event_type: 'note', data: { text: 'x'.repeat(60_000) } } as const;
      for (let round = 0; round < 40 && subscribers() > 0; round++) {
        await manager.publishBatch(Array(40).fill(large), { topic });
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until('no subscriber', async () => subscribers() === 0);
    },
    'the log is closed': () => manager.close(),
  };
}

/** A broker whose publishes wait until they are let go, or fail. */
function withPublish(publish: (broker: Broker) => Broker['publish']): Broker {
  const broker = new MemoryBroker();
  const ways: Broker = {
    bounds: (topic) => broker.bounds(topic),
    seek: (topic, at) => broker.seek(topic, at),
    topics: (sink) => broker.topics(sink),
    close: () => broker.close(),
    read: (topic, after, limit) => broker.read(topic, after, limit),
    tail: (topic, sink) => broker.tail(topic, sink),
    publish: publish(broker),
    erase: (topic, epoch, seqs, notices) => broker.erase(topic, epoch, seqs, notices),
  };
  return ways;
}

function busy(): Promise<Stage> {
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const broker = withPublish((to) => async (topic, entries) => {
    await held;
    return to.publish(topic, entries);
  });
  return whole({ broker, manager: { maxInFlight: 1 }, acts: { 'the log answers': () => letGo() } });
}

/** A WebSocket server of somebody's own, which serves one path only. */
async function mounted(): Promise<Stage> {
  const manager = new EventManager({ catalog, broker: new MemoryBroker() });
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  applyBroadcastWSSHandler({ wss, router: createAppRouter(manager), prefix: '/events' });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    acts: {},
    async [Symbol.asyncDispose]() {
      for (const client of wss.clients) client.terminate();
      http.close();
      http.closeAllConnections();
      await manager.close();
    },
  };
}

/** Servers by their names in frames.json; each exchange has one of its own. */
export const STAGES = {
  /** Lets everybody in. */
  open: () => whole({}),
  /** Asks for a token. */
  guarded: () => whole({ authenticate: takesTokens }),
  /** Keeps three records of a topic, and forgets at once what nobody follows. */
  short: () => whole({ broker: new MemoryBroker({ maxRecords: 3 }), manager: { lingerMs: 1 } }),
  /** Takes one publish at a time, and its log waits. */
  busy,
  /** Its log cannot be used. */
  failing: () =>
    whole({
      broker: withPublish(() => async () => {
        throw new LogUnavailable('redis://10.0.0.7 does not answer');
      }),
    }),
  /** Takes one event a second of each client. */
  limited: () => whole({ config: { publishRate: 1 } }),
  /** Takes one connection of each address. */
  crowded: () => whole({ config: { maxConnectionsPerAddress: 1 } }),
  /** Has no patience. */
  hasty: () => whole({ config: { handshakeTimeoutMs: 2_000 } }),
  /** Waits for nobody before events of a version that it does not know. */
  outdated: () => whole({ manager: { clock: HASTY } }),
  /** Has events that grow, wait for an answer or are there; one of them at a time. */
  growing: () => whole({ events: openCatalog, manager: { maxOpen: 1 } }),
  /** Serves `/events` and no other path. */
  mounted,
} satisfies Record<string, () => Promise<Stage>>;
export type StageName = keyof typeof STAGES;
