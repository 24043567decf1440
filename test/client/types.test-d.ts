import type { AnyTRPCRouter } from '@trpc/server';
import { expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import {
  createClient,
  createPublisher,
  type EventsClient,
  type EventsPath,
  type MountedCatalog,
  type ServerStats,
} from '../../client/index.ts';
import type { PublishTarget, StreamGap, StreamSynced } from '../../shared/index.ts';
import { defineEvents, type EventData, type EventInput } from '../../shared/index.ts';
import type { dreams, foreignRouter, nestedRouter, ownRouter } from '../support/foreign-router.ts';

type App = ReturnType<typeof foreignRouter>;
type Nested = ReturnType<typeof nestedRouter>;
type Own = ReturnType<typeof ownRouter>;
type Dream = EventData<'dream', typeof dreams>;

const client = createClient({ url: 'ws://127.0.0.1/trpc' });
const message: EventInput<'agent_message'> = {
  agent_id: '',
  agent_type: '',
  message: '',
  sentiment: { score: 0, label: 'neutral' },
  metadata: {},
};

test('publish knows the events and their data', () => {
  expectTypeOf(client.publish('agent_message', message)).resolves.toEqualTypeOf<{
    cursor: string;
    duplicate: boolean;
  }>();
  client.publish('agent_message', message, {
    topic: 'run-1',
    idempotencyKey: 'k',
    timestamp: '',
    timeoutMs: 1,
  });
  // @ts-expect-error the server says who publishes
  client.publish('agent_message', message, { by: 'me' });
  // @ts-expect-error the server says who publishes
  client.publishBatch([{ event_type: 'agent_message', data: message, by: 'me' }]);
  // @ts-expect-error no such event
  client.publish('agent_massage', message);
  // @ts-expect-error not the data of that event
  client.publish('system_status', message);
  // @ts-expect-error a score is a number
  client.publish('agent_message', { ...message, sentiment: { score: '1', label: 'neutral' } });
  // @ts-expect-error the message is missing
  client.publish('agent_message', {
    agent_id: '',
    agent_type: '',
    sentiment: message.sentiment,
    metadata: {},
  });
  // @ts-expect-error no such option
  client.publish('agent_message', message, { topics: 'x' });
  client.publishBatch([{ event_type: 'agent_message', data: message }]);
  // @ts-expect-error not the data of that event
  client.publishBatch([{ event_type: 'system_status', data: message }]);
});

test('a handler gets its event with a narrowed type', () => {
  client.on('agent_message', (event, { cursor }) => {
    expectTypeOf(event.event_type).toEqualTypeOf<'agent_message'>();
    expectTypeOf(event.data).toEqualTypeOf<EventData<'agent_message'>>();
    expectTypeOf(cursor).toEqualTypeOf<string>();
  });
  client.on('any', (event) => {
    if (event.event_type === 'network_update') {
      expectTypeOf(event.data).toEqualTypeOf<EventData<'network_update'>>();
    }
    // @ts-expect-error which event it is must be asked first
    event.data.connections;
  });
  client.on(
    'any',
    (event) => {
      expectTypeOf(event.event_type).toEqualTypeOf<'agent_message' | 'system_status'>();
    },
    { types: ['agent_message', 'system_status'] },
  );
  client.on('agent_message', () => {}, {
    onGap: (gap) => expectTypeOf(gap).toEqualTypeOf<StreamGap['data']>(),
    onSynced: (synced) => expectTypeOf(synced).toEqualTypeOf<StreamSynced['data']>(),
    onStatus: (status) =>
      expectTypeOf(status).toEqualTypeOf<'connecting' | 'catching-up' | 'live' | 'stale' | 'refused'>(),
  });
  expectTypeOf(client.on('any', () => {}).ready).resolves.toEqualTypeOf<void>();
  // @ts-expect-error no such event
  client.on('agent_massage', () => {});
  // @ts-expect-error a handler of another event
  client.on('agent_message', (event: { event_type: 'system_status' }) => event);
  // @ts-expect-error a handler of other data
  client.on('agent_message', ({ data }: { data: { agent_id: number } }) => data);
  // @ts-expect-error no such event
  client.on('any', () => {}, { types: ['agent_massage'] });
  client.on('agent_message', () => {}, { filter: { 'sentiment.score': { lt: 0 } }, whenSlow: 'conflate' });
  // @ts-expect-error a score is a number
  client.on('agent_message', () => {}, { filter: { 'sentiment.score': 'low' } });
  // @ts-expect-error no such policy
  client.on('agent_message', () => {}, { whenSlow: 'drop' });
  client.on('any', () => {}, { topics: ['run-*', 'news'], every: 500 });
  client.on('agent_message', (_, { topic }) => expectTypeOf(topic).toEqualTypeOf<string>(), {
    every: 500,
    latestBy: 'agent_id',
    onGap: (_gap, { topic }) => expectTypeOf(topic).toEqualTypeOf<string>(),
  });
  client.on('any', () => {}, { types: ['agent_message'], every: 500, latestBy: 'sentiment.label' });
  // @ts-expect-error no such field
  client.on('agent_message', () => {}, { filter: { 'sentiment.scores': 1 } });
  // @ts-expect-error no such field
  client.on('agent_message', () => {}, { every: 500, latestBy: 'agent' });
  // @ts-expect-error a field of another event
  client.on('any', () => {}, { types: ['system_status'], every: 500, latestBy: 'agent_id' });
  // @ts-expect-error not one value
  client.on('agent_message', () => {}, { every: 500, latestBy: 'sentiment' });
  // @ts-expect-error several, in a list
  client.on('agent_message', () => {}, { topics: 'run-*' });
  // @ts-expect-error a position is a cursor, { last } or { at }
  client.on('any', () => {}, { since: 5 });
});

test('loops, history and stats are typed', async () => {
  for await (const { cursor, event } of client.stream({ types: ['agent_message'] })) {
    expectTypeOf(cursor).toEqualTypeOf<string>();
    expectTypeOf(event.event_type).toEqualTypeOf<'agent_message' | 'stream_synced' | 'stream_gap'>();
    if (event.event_type === 'agent_message') expectTypeOf(event.data.message).toEqualTypeOf<string>();
    if (event.event_type === 'stream_gap') expectTypeOf(event).toEqualTypeOf<StreamGap>();
  }
  const { items } = await client.history({ types: ['system_status'] });
  for (const { event } of items) expectTypeOf(event.data).toEqualTypeOf<EventData<'system_status'>>();
  // @ts-expect-error no such event
  client.history({ types: ['agent_massage'] });
  expectTypeOf(client.stats()).resolves.toEqualTypeOf<ServerStats>();
  expectTypeOf<ServerStats>().toHaveProperty('subscribers').toEqualTypeOf<number>();
});

test('the state of the connection is a closed union', () => {
  expectTypeOf(client.connection.state.status).toEqualTypeOf<
    'connecting' | 'live' | 'reconnecting' | 'offline' | 'closed'
  >();
});

test('another catalog is accepted by value or by type, and input types may differ from output types', () => {
  const catalog = defineEvents({
    dream: z.object({ at: z.date(), length: z.string().transform((text) => text.length) }),
  });
  for (const other of [createClient({ url: '', catalog }), createClient<typeof catalog>({ url: '' })]) {
    other.publish('dream', { at: new Date(), length: 'four' });
    other.on('dream', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ at: Date; length: number }>());
    // @ts-expect-error what goes in is text
    other.publish('dream', { at: new Date(), length: 4 });
    // @ts-expect-error not of this catalog
    other.on('agent_message', () => {});
  }
});

test('publishers are typed too', () => {
  const broker = {} as PublishTarget;
  for (const publisher of [createPublisher({ url: 'http://127.0.0.1' }), createPublisher({ broker })]) {
    publisher.publish('agent_message', message, { topic: 'run-1' });
    publisher.publishBatch([{ event_type: 'agent_message', data: message }]);
    // @ts-expect-error no such event
    publisher.publish('agent_massage', message);
    // @ts-expect-error not the data of that event
    publisher.publish('system_status', message);
  }
  // @ts-expect-error where to?
  createPublisher({});
  // @ts-expect-error only one of them
  createPublisher({ url: '', broker });
});

test('the type of a router says where its events are, and which there are', () => {
  expectTypeOf<EventsPath<App>>().toEqualTypeOf<'events'>();
  expectTypeOf<EventsPath<Nested>>().toEqualTypeOf<'a.events' | 'news'>();
  expectTypeOf<EventsPath<Own>>().toEqualTypeOf<''>();
  expectTypeOf<EventsPath<AnyTRPCRouter>>().toEqualTypeOf<never>();
  type Beside = { _def: { record: App['_def']['record'] & { users: AnyTRPCRouter['_def']['record'] } } };
  expectTypeOf<EventsPath<Beside>>().toEqualTypeOf<'events'>();

  const mounted = createClient<App>({ url: '', path: 'events', connectionParams: { user: 'Ada' } });
  mounted.on('dream', ({ data }) => expectTypeOf(data).toEqualTypeOf<Dream>());
  mounted.on('any', ({ event_type }) => expectTypeOf(event_type).toEqualTypeOf<'dream' | 'waking'>());
  mounted.on('waking', () => {}, { filter: { hour: { gt: 6 } }, every: 500, latestBy: 'hour' });
  mounted.publish('dream', { at: new Date(), heard: new Map([['bell', 1n]]), length: 'four' });
  // @ts-expect-error what goes in is text
  mounted.publish('dream', { at: new Date(), heard: new Map([['bell', 1n]]), length: 4 });
  // @ts-expect-error not of this router
  mounted.on('agent_message', () => {});
  // @ts-expect-error no such field
  mounted.on('waking', () => {}, { filter: { hours: 6 } });
  expectTypeOf(mounted).toEqualTypeOf<EventsClient<MountedCatalog<App, 'events'>>>();

  createClient({
    url: '',
    // @ts-expect-error no such option: the error is at its name
    tokn: '',
  });
  // @ts-expect-error no events are there
  createClient<App>({ url: '', path: 'evnts' });
  // @ts-expect-error a procedure beside them
  createClient<App>({ url: '', path: 'whoAmI' });
  // @ts-expect-error they are not at the top
  createClient<App>({ url: '' });
  // @ts-expect-error in several places: which one?
  createClient<Nested>({ url: '', path: 'news' });

  createClient<Nested, 'a.events'>({ url: '', path: 'a.events' }).on('dream', ({ data }) =>
    expectTypeOf(data).toEqualTypeOf<Dream>(),
  );
  createClient<Nested, 'news'>({ url: '', path: 'news' }).on('agent_message', ({ data }) =>
    expectTypeOf(data).toEqualTypeOf<EventData<'agent_message'>>(),
  );
  createClient<Own>({ url: '' }).on('dream', ({ data }) => expectTypeOf(data).toEqualTypeOf<Dream>());

  const publisher = createPublisher<App>({ url: '', path: 'events', headers: { user: 'Ada' } });
  publisher.publish('waking', { hour: 6 });
  // @ts-expect-error not of this router
  publisher.publish('agent_message', message);
  // @ts-expect-error no events are there
  createPublisher<App>({ url: '', path: 'evnts' });
});

test('without a router the path is any text, and params are texts or a function that gets them', () => {
  const path = String('events');
  expectTypeOf(createClient({ url: '', path })).toEqualTypeOf<EventsClient>();
  const catalog = defineEvents({ dream: z.object({ at: z.date() }) });
  createClient({ url: '', path, catalog }).on('dream', ({ data }) =>
    expectTypeOf(data).toEqualTypeOf<{ at: Date }>(),
  );
  createClient<App>({ url: '', path: 'events', catalog: {} as typeof dreams });
  // @ts-expect-error another catalog than the router's
  createClient<App>({ url: '', path: 'events', catalog });
  createClient({ url: '', connectionParams: { user: undefined } });
  createClient({ url: '', connectionParams: () => ({ user: 'Ada' }) });
  createClient({ url: '', connectionParams: async () => ({ user: 'Ada' }) });
  // @ts-expect-error a number is no text
  createClient({ url: '', connectionParams: { version: 1 } });
  // @ts-expect-error over WebSockets there are none
  createClient({ url: '', headers: { user: 'Ada' } });
});
