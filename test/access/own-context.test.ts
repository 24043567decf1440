import { initTRPC } from '@trpc/server';
import { expect, test } from 'vitest';
import { type Authorize, EventManager, eventProcedures, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';

test('a procedure of one’s own context decides with it', async () => {
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
