import { expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../client/index.ts';
import {
  createPsycheEvents,
  EventsProvider,
  type Gap,
  useConnection,
  useEvent,
  useEventSelector,
  useEvents,
  useLatest,
  usePublish,
} from '../../client/react/index.ts';
import { defineEvents, type EventData, type StreamGap } from '../../shared/index.ts';
import type { dreams, foreignRouter, nestedRouter } from '../support/foreign-router.ts';

type App = ReturnType<typeof foreignRouter>;
type Nested = ReturnType<typeof nestedRouter>;

test('hooks know the events', () => {
  const { events, gap, loadOlder } = useEvents({ types: ['agent_message', 'system_status'] });
  for (const event of events) {
    expectTypeOf(event.event_type).toEqualTypeOf<'agent_message' | 'system_status'>();
    expectTypeOf(event.cursor).toEqualTypeOf<string>();
    expectTypeOf(event.by).toEqualTypeOf<string | undefined>();
    if (event.event_type === 'system_status') expectTypeOf(event.data.active_agents).toEqualTypeOf<number>();
  }
  expectTypeOf(gap).toEqualTypeOf<Gap | null>();
  expectTypeOf<Gap>().toExtend<StreamGap['data']>();
  useEvents({ topics: ['run-*'], types: ['agent_message'], every: 500, latestBy: 'agent_id' });
  // @ts-expect-error that event has no such field
  useEvents({ types: ['system_status'], every: 500, latestBy: 'agent_id' });
  expectTypeOf(loadOlder).returns.resolves.toEqualTypeOf<boolean>();
  useEvents({ types: ['agent_message'], filter: { by: { ne: 'me' } }, echo: false });
  useEvents({ types: ['agent_message'], filter: ({ data, by }) => data.message !== '' && by !== 'me' });
  // @ts-expect-error it is true or false
  useEvents({ echo: 'no' });
  useEvents({
    types: ['agent_message'],
    filter: { 'sentiment.label': 'negative', agent_id: { in: ['ego'] } },
  });
  // @ts-expect-error that event has no such field
  useEvents({ types: ['agent_message'], filter: { 'sentiment.lable': 'negative' } });
  // @ts-expect-error no such event
  useEvents({ types: ['agent_massage'] });
  // @ts-expect-error that event has no such field
  useEvents({ types: ['agent_message'], filter: ({ data }) => data.connections });

  expectTypeOf(useLatest('agent_message')?.data).toEqualTypeOf<EventData<'agent_message'> | undefined>();
  useEvent('network_update', ({ data }) => expectTypeOf(data).toEqualTypeOf<EventData<'network_update'>>());
  // @ts-expect-error no such event
  useLatest('agent_massage');
  // @ts-expect-error a handler of another event
  useEvent('agent_message', (event: { event_type: 'system_status' }) => event);

  expectTypeOf(useEventSelector(({ events }) => events.length)).toEqualTypeOf<number>();
  expectTypeOf(useConnection().retry).toEqualTypeOf<() => void>();

  const { publish, error } = usePublish('system_status');
  expectTypeOf(error).toEqualTypeOf<Error | null>();
  // @ts-expect-error the data of another event
  publish({ agent_id: '' });
});

test('hooks know another catalog', () => {
  const catalog = defineEvents({ dream: z.object({ at: z.date() }) });
  const byValue = createPsycheEvents(catalog);
  const byType = createPsycheEvents<typeof catalog>();
  expectTypeOf(byValue.useLatest('dream')?.data.at).toEqualTypeOf<Date | undefined>();
  expectTypeOf(byType).toEqualTypeOf(byValue);
  // @ts-expect-error not of this catalog
  byType.useLatest('agent_message');
});

test('hooks know the router’s events, and its provider knows the paths', () => {
  const { EventsProvider: Provider, useLatest } = createPsycheEvents<App>();
  expectTypeOf(useLatest('dream')?.data).toEqualTypeOf<EventData<'dream', typeof dreams> | undefined>();
  // @ts-expect-error not of this router
  useLatest('agent_message');
  Provider({ path: 'events', token: 'x', connectionParams: async () => ({ user: 'Ada' }) });
  Provider({ client: createClient<App>({ path: 'events' }) });
  // @ts-expect-error no events are there
  Provider({ path: 'evnts' });
  // @ts-expect-error they are not at the top
  Provider({});
  createPsycheEvents<Nested, 'news'>().EventsProvider({ path: 'news' });
  // @ts-expect-error in several places: which one?
  createPsycheEvents<Nested>().EventsProvider({ path: 'news' });
  EventsProvider({});
  EventsProvider({ url: '', path: 'a.events', connectionParams: { user: 'Ada' } });
});
