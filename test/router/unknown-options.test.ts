import { createServer } from 'node:http';
import { initTRPC } from '@trpc/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { agUiRuns } from '../../agents/ag-ui/index.ts';
import { chatRuns } from '../../agents/ai/index.ts';
import {
  applyBroadcastWSSHandler,
  Broadcaster,
  createAccessContext,
  createAppRouter,
  EventManager,
  eventProcedures,
  MemoryBroker,
  runs,
  Sessions,
} from '../../server/index.ts';
import { type PsycheCatalog, transformer } from '../../shared/index.ts';

const broker = new MemoryBroker();
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
])('%s is no option, and %s is named', (name, meant, make) => {
  expect(make).toThrow(new TypeError(`${name} is no option. Did you mean ${meant}?`));
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
