import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAppRouter, EventManager, eventProcedures, MemoryBroker } from '../../server/index.ts';
import { httpClient, startTestServer, wsClient } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';

/** More than a subscription follows, so that one to all of them fails when it has begun. */
const TOPICS = 51;

const fill = async (manager: EventManager) => {
  for (let n = 0; n < TOPICS; n++)
    await manager.publish('agent_message', agentMessage(n), { topic: `t-${n}` });
};

describe.each(['WebSocket', 'server-sent events'])(
  'an error in the middle of a stream over %s',
  (transport) => {
    test('has its code, its tRPC code, and what to do', async () => {
      const managers: EventManager[] = [];
      await using server = await startTestServer(
        {},
        {
          application: ({ manager }) => {
            managers.push(manager);
            return { router: createAppRouter(manager) };
          },
        },
      );
      for (const manager of managers) await fill(manager);
      await using ws = wsClient(server.url);
      const trpc = transport === 'WebSocket' ? ws.trpc : httpClient(server.url);
      const error = await new Promise((resolve) =>
        trpc.on.any.subscribe({ topics: ['t-*'] }, { onError: resolve }),
      );
      expect(error).toMatchObject({
        message: expect.stringContaining('More than 50 topics match'),
        data: { code: 'BAD_REQUEST', reason: 'INVALID_OPTION' },
      });
    });
  },
);

describe('in an application’s own tRPC router', () => {
  let manager: EventManager;
  beforeEach(() => {
    manager = new EventManager({ broker: new MemoryBroker() });
  });
  afterEach(() => manager.close());

  test('a stream fails with the tRPC code of the error', async () => {
    await fill(manager);
    const t = initTRPC.create({ transformer: superjson });
    const caller = t.createCallerFactory(t.router({ events: eventProcedures(manager, t.procedure) }))({});
    const items = await caller.events.on.any({ topics: ['t-*'] });
    const read = async () => {
      for await (const _ of items);
    };
    await expect(read()).rejects.toMatchObject({ name: 'TRPCError', code: 'BAD_REQUEST' });
  });

  test('control: a subscriber in the same process gets the error itself', async () => {
    await fill(manager);
    const read = async () => {
      for await (const _ of manager.subscribe({ topics: ['t-*'] }));
    };
    await expect(read()).rejects.toMatchObject({ name: 'EventsError', code: 'INVALID_OPTION' });
  });
});
