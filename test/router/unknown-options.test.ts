import { createServer } from 'node:http';
import { initTRPC } from '@trpc/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import * as z from 'zod';
import { agUiRuns } from '../../agents/ag-ui/index.ts';
import { chatRuns } from '../../agents/ai/index.ts';
import {
  applyBroadcastWSSHandler,
  Broadcaster,
  createAccessContext,
  createAppRouter,
  EventManager,
  eventProcedures,
  JsonLogger,
  MemoryBroker,
  RedisBroker,
  runs,
  Sessions,
  SqliteBroker,
  toAsyncApi,
  toJsonSchema,
  trackedItems,
} from '../../server/index.ts';
import { defineEvents, type PsycheCatalog, transformer } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

const broker = new MemoryBroker();
/** Nobody is there: it is refused before that matters. */
const REDIS = 'redis://127.0.0.1:1';
const t = initTRPC.create({ transformer });
const router = t.router({});
const wss = new WebSocketServer({ noServer: true });

let manager: EventManager<PsycheCatalog>;
beforeEach(() => {
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(() => manager.close());

const slip = (options: object): never => options as never;

test.each<[string, string, () => unknown]>([
  [
    'eventProcedures: authorise',
    'authorize',
    () => eventProcedures(manager, t.procedure, slip({ authorise: () => ({ types: [] }) })),
  ],
  [
    'createAppRouter: authorise',
    'authorize',
    () => createAppRouter(manager, undefined, slip({ authorise() {} })),
  ],
  ['EventManager: catlog', 'catalog', () => new EventManager(slip({ broker, catlog: {} }))],
  ['Broadcaster: pth', 'path', () => new Broadcaster(slip({ server: createServer(), router, pth: '/a' }))],
  [
    'Broadcaster: onUpgrad',
    'onUpgrade',
    () => new Broadcaster(slip({ server: createServer(), router, onUpgrad: 1 })),
  ],
  [
    'createAccessContext: allowedOrigin',
    'allowedOrigins',
    () =>
      createAccessContext(
        slip({ authenticate: async () => null, sessions: new Sessions(), allowedOrigin: [] }),
      ),
  ],
  ['Sessions: brokr', 'broker', () => new Sessions(slip({ brokr: broker }))],
  ['agUiRuns: topic', 'topicOf', () => agUiRuns(slip(manager), slip({ topic: () => 'a' }))],
  ['chatRuns: onerror', 'onError', () => chatRuns(slip(manager), slip({ onerror: () => '' }))],
  ['runs: leaseMS', 'leaseMs', () => runs(slip(manager), slip({ leaseMS: 5_000 }))],
  ['defineEvents: sanitise', 'sanitize', () => defineEvents({ a: z.string() }, slip({ sanitise: false }))],
  ['MemoryBroker: maxRecord', 'maxRecords', () => new MemoryBroker(slip({ maxRecord: 1 }))],
  ['RedisBroker: maxRecord', 'maxRecords', () => new RedisBroker({ url: REDIS }, slip({ maxRecord: 1 }))],
  ['addListener: type', 'types', () => manager.addListener(() => {}, slip({ type: ['agent_message'] }))],
  ['subscribe: topik', 'topic', () => manager.subscribe(slip({ topik: 'runs' }))],
  ['replay: sinse', 'since', () => manager.replay(slip({ sinse: { last: 1 } }))],
])('%s is no option, and %s is named', (name, meant, make) => {
  expect(make).toThrow(new TypeError(`${name} is no option. Did you mean ${meant}?`));
});

test.each<[string, string, () => Promise<unknown>]>([
  [
    'SqliteBroker.open: maxRecord',
    'maxRecords',
    () => SqliteBroker.open(slip({ path: '/nowhere/log', maxRecord: 1 })),
  ],
  [
    'publish: topik',
    'topic',
    () => manager.publish('agent_message', agentMessage(1), slip({ topik: 'runs' })),
  ],
  ['publishBatch: topik', 'topic', () => manager.publishBatch([], slip({ topik: 'runs' }))],
  ['history: topik', 'topic', () => manager.history(slip({ topik: 'runs' }))],
  ['erase: topik', 'topic', () => manager.erase(slip({ filter: {}, topik: 'runs' }))],
  ['openEvents: topik', 'topic', () => manager.openEvents(slip({ topik: 'runs' }))],
])('%s is no option, and %s is named, by a rejection', async (name, meant, make) => {
  await expect(make()).rejects.toThrow(new TypeError(`${name} is no option. Did you mean ${meant}?`));
  expect(manager.stats().published).toMatchObject({ agent_message: 0 });
});

test.each<[string, () => unknown, string]>([
  [
    'defineEvents',
    () => defineEvents(slip(undefined as never)),
    'defineEvents: pass events and their schemas',
  ],
  [
    'createAppRouter',
    () => createAppRouter(slip(undefined as never)),
    'createAppRouter: pass an event manager',
  ],
  [
    'eventProcedures',
    () => eventProcedures(slip(undefined as never), t.procedure),
    'eventProcedures: pass an event manager',
  ],
  [
    'eventProcedures without a procedure',
    () => eventProcedures(manager, slip(undefined as never)),
    'eventProcedures: pass a procedure to build on, such as t.procedure',
  ],
  [
    'eventProcedures on a router',
    () => eventProcedures(manager, slip(t as never)),
    'eventProcedures: pass a procedure to build on, such as t.procedure',
  ],
  [
    'applyBroadcastWSSHandler',
    () => applyBroadcastWSSHandler(slip(undefined as never)),
    'applyBroadcastWSSHandler: pass a WebSocketServer',
  ],
  [
    'applyBroadcastWSSHandler on a server of HTTP',
    () => applyBroadcastWSSHandler(slip({ wss: createServer() as never, router })),
    'applyBroadcastWSSHandler: pass a WebSocketServer',
  ],
  [
    'trackedItems',
    () => trackedItems(slip(manager.subscribe() as never)),
    'trackedItems: pass a function, such as () => manager.subscribe(',
  ],
  ['toJsonSchema', () => toJsonSchema(slip(undefined as never)), 'toJsonSchema: wrap the schemas of catalog'],
  [
    'toAsyncApi',
    () => toAsyncApi(slip({ note: z.object({}) } as never)),
    'toAsyncApi: wrap the schemas of cat',
  ],
  [
    'RedisBroker',
    () => new RedisBroker(slip(REDIS as never)),
    'RedisBroker: pass where Redis is, such as { url',
  ],
  [
    'SqliteBroker.open',
    () => SqliteBroker.open(slip('./x' as never)),
    'SqliteBroker.open: options must be an',
  ],
  ['SqliteBroker.open', () => SqliteBroker.open(slip({})), 'SqliteBroker: path must name a file'],
  [
    'Broadcaster',
    () => new Broadcaster(slip({ router })),
    'Broadcaster: pass a server of node:http and a router',
  ],
  [
    'Broadcaster on an application', // of Express, which is a function that takes listeners too
    () => new Broadcaster(slip({ server: Object.assign(() => {}, { on: () => {} }) as never, router })),
    'createServer(app) with Express',
  ],
  ['publishBatch', () => manager.publishBatch(slip({})), 'publishBatch: pass a list of events'],
])('%s without what it needs says what to pass', async (_, make, words) => {
  const error = await Promise.resolve()
    .then(make)
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ message: expect.stringContaining(words) });
});

test('a claim that is none is warned of once, with the one that is meant; those of a JWT are not', async () => {
  const lines: string[] = [];
  const logger = new JsonLogger('warn', {}, (line) => lines.push(JSON.parse(line).msg));
  const sessions = new Sessions({ logger });
  const claims = { publishes: ['*'], subscribe: ['*'], iss: 'a', exp: 1 };
  for (let n = 0; n < 3; n++) sessions.open(slip({ id: 'ada', claims }));
  expect(lines).toEqual([
    'authenticate returned claims in which publishes is no claim, and grants nothing. Did you mean publish?',
  ]);
  sessions.close();
});

test('a handler in the place of tRPC’s own takes whatever options tRPC’s has', () => {
  const batching = { enabled: false };
  expect(() =>
    applyBroadcastWSSHandler(slip({ wss, router, batching, live: undefined, ofALaterTRPC: true })),
  ).not.toThrow();
});

test('procedures beside the events are made by a function', () => {
  expect(() => createAppRouter(manager, slip({}), {})).toThrow(
    expect.objectContaining({
      name: 'TypeError',
      message: expect.stringMatching(/beside must be a function/),
    }),
  );
});
