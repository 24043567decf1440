import { QueryClient } from '@tanstack/react-query';
import { expectTypeOf, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { createEventStore, invalidateOn, type QueryClientLike, select } from '../../client/store/index.ts';
import type { EventData } from '../../shared/index.ts';
import { openCatalog } from '../open/catalog.ts';
import type { dreams, foreignRouter } from '../support/foreign-router.ts';

type App = ReturnType<typeof foreignRouter>;
const queryClient = new QueryClient();

test('sources know the events of the simulation, of a catalog, and of a router', () => {
  const store = createEventStore(() => createClient());
  const messages = store.events({ types: ['agent_message'], limit: 5 });
  expectTypeOf(messages.getSnapshot().events[0]?.data).toEqualTypeOf<
    EventData<'agent_message'> | undefined
  >();
  expectTypeOf(select(messages, ({ events }) => events.length).getSnapshot()).toEqualTypeOf<number>();
  expectTypeOf(store.latest('system_status').initial?.data.active_agents).toEqualTypeOf<number | undefined>();
  store.on('network_update', ({ data }) => expectTypeOf(data).toEqualTypeOf<EventData<'network_update'>>());
  // @ts-expect-error no such event
  store.latest('agent_massage');
  // @ts-expect-error that event has no such field
  store.events({ types: ['agent_message'], filter: { 'sentiment.lable': 'negative' } });

  const open = createEventStore(createClient({ catalog: openCatalog }));
  expectTypeOf(open.open('reply').initial[0]?.data.text).toEqualTypeOf<string | undefined>();
  expectTypeOf(open.presence('viewer', { me: { name: 'Ada' } }).initial.count).toEqualTypeOf<number>();
  open.questions('approval').answer('id', { allow: true });
  // @ts-expect-error another answer
  open.questions('approval').answer('id', { allowed: true });
  // @ts-expect-error no question
  open.questions('reply');
  // @ts-expect-error it is never open
  open.open('note');
  // @ts-expect-error members have a name
  open.presence('viewer', { me: {} });

  const mounted = createEventStore(() => createClient<App>({ path: 'events' }));
  expectTypeOf(mounted.latest('dream').initial?.data).toEqualTypeOf<
    EventData<'dream', typeof dreams> | undefined
  >();
});

test('keys of queries are of events of the catalog, typed by it', () => {
  expectTypeOf(queryClient).toExtend<QueryClientLike>();
  invalidateOn(createClient(), queryClient, {
    agent_message: ({ data }, { topic }) => ['agent', data.agent_id, topic],
    system_status: [() => ['status'], ({ data }) => (data.error_count > 0 ? ['errors'] : undefined)],
  });
  // @ts-expect-error no such event
  invalidateOn(createClient(), queryClient, { agent_massage: () => ['agent'] });
  // @ts-expect-error that event has no such field
  invalidateOn(createClient(), queryClient, { agent_message: ({ data }) => ['agent', data.connections] });
  // @ts-expect-error a key is a list
  invalidateOn(createClient(), queryClient, { agent_message: () => 'agent' });
  const chat = createClient({ catalog: openCatalog });
  invalidateOn(
    chat,
    queryClient,
    { reply: () => ['replies'], viewer: () => ['viewers'] },
    { within: [['a']] },
  );
  // @ts-expect-error it may be missed, and nobody is told
  invalidateOn(chat, queryClient, { typing: () => ['typing'] });
});
