import { createServer } from 'node:http';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  applyBroadcastWSSHandler,
  Broadcaster,
  EventManager,
  eventProcedures,
  MemoryBroker,
} from '../../server/index.ts';
import { type PsycheCatalog, transformer } from '../../shared/index.ts';

const refused = expect.objectContaining({
  name: 'EventsError',
  code: 'INVALID_OPTION',
  message: expect.stringContaining('initTRPC.create({ transformer })'),
});

let manager: EventManager<PsycheCatalog>;
beforeEach(() => {
  manager = new EventManager({ broker: new MemoryBroker() });
});
afterEach(() => manager.close());

test('events are not mounted on a tRPC without a transformer', () => {
  const t = initTRPC.create();
  expect(() => eventProcedures(manager, t.procedure)).toThrow(refused);
  expect(() =>
    eventProcedures(
      manager,
      t.procedure.use(({ next }) => next()),
    ),
  ).toThrow(refused);
});

test.each([
  ['the project’s', transformer],
  ['superjson itself', superjson],
])('control: they are with a transformer: %s', (_, each) => {
  const t = initTRPC.create({ transformer: each });
  const router = t.router({ events: eventProcedures(manager, t.procedure) });
  const wss = new WebSocketServer({ noServer: true });
  expect(() => applyBroadcastWSSHandler({ wss, router })).not.toThrow();
});

/** A router with events whose procedure does not know its settings, as in older releases of tRPC. */
function routerWithEvents() {
  const t = initTRPC.create();
  Reflect.deleteProperty(t.procedure._def, 'config');
  return t.router({ a: { events: eventProcedures(manager, t.procedure) } });
}

test('a router with events and without a transformer is not served', () => {
  const wss = new WebSocketServer({ noServer: true });
  const router = routerWithEvents();
  expect(() => applyBroadcastWSSHandler({ wss, router })).toThrow(refused);
  expect(() => new Broadcaster({ server: createServer(), router })).toThrow(refused);
  expect(wss.listenerCount('connection')).toBe(0);
});

test('control: a router without events needs no transformer', () => {
  const wss = new WebSocketServer({ noServer: true });
  const t = initTRPC.create();
  const router = t.router({ greet: t.procedure.query(() => 'hello') });
  expect(() => applyBroadcastWSSHandler({ wss, router })).not.toThrow();
});
