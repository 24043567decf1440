import { initTRPC } from '@trpc/server';
import { expect, test } from 'vitest';
import {
  type Authorize,
  createAccessContext,
  createAppRouter,
  EventManager,
  eventProcedures,
  type Grant,
  MemoryBroker,
  Sessions,
} from '../../server/index.ts';
import { CloseCode } from '../../shared/index.ts';
import { ADAPTERS, startServer, until } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';
import { ALL } from './harness.ts';

test('a custom authorize decides with the application’s own context', async () => {
  await using manager = Object.assign(new EventManager({ broker: new MemoryBroker() }), {
    [Symbol.asyncDispose]: () => manager.close(),
  });
  const t = initTRPC.context<{ role: 'reader' | 'writer' }>().create();
  const authorize: Authorize<{ role: 'reader' | 'writer' }> = ({ role }, { action, types }) => ({
    types: action === 'publish' && role !== 'writer' ? [] : types,
  });
  const router = t.router(eventProcedures(manager, t.procedure, { authorize }));
  const input = { data: agentMessage('a') };
  await expect(router.createCaller({ role: 'reader' }).publish.agent_message(input)).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  await router.createCaller({ role: 'writer' }).publish.agent_message(input);
});

test.each(ADAPTERS)(
  'closing a socket ends its session, and revoking a session closes its socket, with the adapter: %s',
  async (_, apply) => {
    const t = initTRPC.create();
    const router = t.router({ ping: t.procedure.query(() => 'pong') });
    const sessions = new Sessions();
    const createContext = createAccessContext({
      authenticate: async () => ({ id: 'alice', claims: ALL }),
      sessions,
    });
    await using server = await startServer<typeof router>(apply, { router, createContext });
    const [leaves, stays] = [await server.connect(), await server.connect()];
    for (const client of [leaves, stays]) {
      client.call(1, 'query', 'ping');
      await client.frame(1);
    }
    expect(sessions.size).toBe(2);
    leaves.ws.close();
    await until(() => expect(sessions.size).toBe(1));
    await sessions.revoke('alice');
    expect(await stays.closed).toBe(CloseCode.FORBIDDEN);
    await until(() => expect(sessions.size).toBe(0));
  },
);

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['text as types', { types: '*' }],
])('a custom authorize that returns %s allows nothing, whatever is asked', async (_, grant) => {
  const manager = new EventManager({ broker: new MemoryBroker() });
  try {
    const authorize = async () => grant as Grant; // the wrong answer is what is tested
    const router = createAppRouter(
      manager,
      (procedure) => ({
        run: procedure.mutation(() => 'ran'),
        show: procedure.query(() => 'shown'),
      }),
      { authorize },
    );
    const caller = router.createCaller({});
    const calls = {
      publish: () => caller.publish.agent_message({ data: agentMessage('a') }),
      history: () => caller.history(),
      stats: () => caller.stats(),
      control: () => caller.run(),
      beside: () => caller.show(),
    };
    for (const [name, call] of Object.entries(calls))
      await expect(call(), name).rejects.toMatchObject({
        code: 'INTERNAL_SERVER_ERROR',
        cause: { message: expect.stringContaining('authorize must return a grant') },
      });
  } finally {
    await manager.close();
  }
});
