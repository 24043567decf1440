import { createTRPCClient, httpLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import superjson from 'superjson';
import { expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import {
  type AppRouter,
  createAppRouter,
  EventManager,
  eventProcedures,
  MemoryBroker,
  trackedItems,
} from '../../server/index.ts';
import type { EventData, EventFilter, StreamGap, StreamSynced } from '../../shared/index.ts';
import { defineEvents, psycheEvents } from '../../shared/index.ts';

const client = createTRPCClient<AppRouter>({ links: [httpLink({ url: '', transformer: superjson })] });

test('publish takes the data of its event', () => {
  expectTypeOf(client.publish.agent_message.mutate)
    .parameter(0)
    .toHaveProperty('data')
    .toEqualTypeOf<EventData<'agent_message'>>();
  expectTypeOf(client.publish.agent_message.mutate).returns.resolves.toEqualTypeOf<{
    cursor: string;
    duplicate: boolean;
  }>();
  // @ts-expect-error no such event
  client.publish.agent_massage;
  client.publish.agent_message.mutate({
    data: {
      agent_id: '',
      agent_type: '',
      message: '',
      // @ts-expect-error score is a number
      sentiment: { score: '1', label: 'positive' },
      metadata: {},
    },
  });
});

test('the data that onData receives is inferred, and narrowed by event_type', () => {
  client.on.agent_message.subscribe(undefined, {
    onData({ id, data }) {
      expectTypeOf(id).toEqualTypeOf<string>();
      expectTypeOf(data.event_type).toEqualTypeOf<'agent_message' | 'stream_synced' | 'stream_gap'>();
      if (data.event_type === 'agent_message')
        expectTypeOf(data.data).toEqualTypeOf<EventData<'agent_message'>>();
      if (data.event_type === 'stream_gap') expectTypeOf(data).toEqualTypeOf<StreamGap>();
      if (data.event_type === 'stream_synced') expectTypeOf(data).toEqualTypeOf<StreamSynced>();
    },
  });
  client.on.any.subscribe(
    { types: ['system_status'], since: { last: 3 } },
    {
      onData({ data }) {
        if (data.event_type === 'system_status')
          expectTypeOf(data.data.health_status).toEqualTypeOf<'healthy' | 'warning' | 'error'>();
      },
    },
  );
  // @ts-expect-error not an event of the catalog
  client.on.any.subscribe({ types: ['agent_massage'] }, {});
});

test('a filter names fields of the events, and compares them with values of their types', () => {
  const on = { onData() {} };
  client.on.agent_message.subscribe(
    {
      filter: { 'sentiment.score': { lt: -0.5 }, agent_id: { in: ['a', 'b'] }, 'metadata.mode': 'emergency' },
    },
    on,
  );
  client.on.any.subscribe(
    { filter: { or: [{ agent_id: 'x' }, { not: { health_status: { in: ['healthy'] } } }] } },
    on,
  );
  client.history.query({ filter: { 'performance_metrics.cpu_percent': { gt: 80 } } });
  // @ts-expect-error no such field
  client.on.agent_message.subscribe({ filter: { agent_idd: 'x' } }, on);
  // @ts-expect-error no such field either
  client.on.agent_message.subscribe({ filter: { 'sentiment.scor': 1 } }, on);
  // @ts-expect-error score is a number
  client.on.agent_message.subscribe({ filter: { 'sentiment.score': { lt: 'x' } } }, on);
  // @ts-expect-error not one of the labels
  client.on.agent_message.subscribe({ filter: { 'sentiment.label': 'sad' } }, on);
});

test('a dot in a field’s name is written with a backslash', () => {
  const catalog = defineEvents({
    e: z.object({ 'model.name': z.string(), a: z.object({ 'b.c': z.number(), d: z.bigint() }) }),
  });
  type Filter = EventFilter<'e', typeof catalog>;
  expectTypeOf<{
    'model\\.name': string;
    'a.b\\.c': { gt: number };
    'a.d': { lt: bigint };
  }>().toExtend<Filter>();
  // @ts-expect-error there is no field `model` with a field `name`
  const nested: Filter = { 'model.name': 'x' };
  // @ts-expect-error it is a number
  const text: Filter = { 'a.b\\.c': 'x' };
  expectTypeOf([nested, text]).toEqualTypeOf<Filter[]>();
});

test('a fourth event takes one schema, and router and client have it', () => {
  const catalog = defineEvents({
    ...psycheEvents.schemas,
    dream: z.object({ symbol: z.string(), at: z.date() }),
  });
  const manager = new EventManager({ catalog, broker: new MemoryBroker() });
  const router = createAppRouter(manager);
  type Router = typeof router;
  const custom = createTRPCClient<Router>({ links: [httpLink({ url: '', transformer: superjson })] });
  expectTypeOf(custom.publish.dream.mutate)
    .parameter(0)
    .toHaveProperty('data')
    .toEqualTypeOf<{ symbol: string; at: Date }>();
  expectTypeOf(custom.publish.agent_message.mutate).toBeFunction();
  custom.on.dream.subscribe(
    {},
    {
      onData({ data }) {
        if (data.event_type === 'dream') expectTypeOf(data.data.at).toEqualTypeOf<Date>();
      },
    },
  );
});

test('types are inferred below a key of another application with its own context', () => {
  const t = initTRPC.context<{ user: string }>().create({ transformer: superjson });
  const manager = new EventManager({ broker: new MemoryBroker() });
  const signedIn = t.procedure.use(({ ctx, next }) => next({ ctx: { name: ctx.user } }));
  const router = t.router({
    events: eventProcedures(manager, signedIn),
    hello: t.procedure.query(() => 'hi' as const),
  });
  const app = createTRPCClient<typeof router>({ links: [httpLink({ url: '', transformer: superjson })] });
  expectTypeOf(app.hello.query).returns.resolves.toEqualTypeOf<'hi'>();
  expectTypeOf(app.events.publish.agent_message.mutate)
    .parameter(0)
    .toHaveProperty('data')
    .toEqualTypeOf<EventData<'agent_message'>>();
  app.events.on.network_update.subscribe(undefined, {
    onData({ data }) {
      if (data.event_type === 'network_update') expectTypeOf(data.data.connections).toBeArray();
    },
  });
});

test('an application’s own procedure that returns a subscription gives its clients items with ids', () => {
  const t = initTRPC.create({ transformer: superjson });
  const manager = new EventManager({ broker: new MemoryBroker() });
  const router = t.router({
    messages: t.procedure
      .input(z.object({ lastEventId: z.string().nullish() }).optional())
      .subscription(({ input }) =>
        trackedItems(() =>
          manager.subscribe({ types: ['agent_message'], since: input?.lastEventId ?? undefined }),
        ),
      ),
    // @ts-expect-error it is made within, so that its errors have their tRPC codes
    early: t.procedure.subscription(() => trackedItems(manager.subscribe())),
  });
  const app = createTRPCClient<typeof router>({ links: [httpLink({ url: '', transformer: superjson })] });
  app.messages.subscribe(undefined, {
    onData({ id, data }) {
      expectTypeOf(id).toEqualTypeOf<string>();
      if (data.event_type === 'agent_message') expectTypeOf(data.data.message).toEqualTypeOf<string>();
    },
  });
});

test('replay takes its options, and yields tracked items', () => {
  client.replay.subscribe(
    {
      since: { last: 3 },
      until: { at: '' },
      speed: 2,
      types: ['system_status'],
      filter: { agent_id: 'ego' },
    },
    {
      onData({ id, data }) {
        expectTypeOf(id).toEqualTypeOf<string>();
        if (data.event_type === 'system_status')
          expectTypeOf(data.data.active_agents).toEqualTypeOf<number>();
      },
    },
  );
  // @ts-expect-error no such event
  client.replay.subscribe({ types: ['agent_massage'] }, {});
});
