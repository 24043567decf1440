import { describe, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { createPublisher } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import {
  type AnyEvent,
  defineEvents,
  type EventData,
  type EventFilter,
  versions,
} from '../../shared/index.ts';

const first = z.object({ message: z.string() });
const second = z.object({ text: z.string() });

const catalog = defineEvents({
  message: versions(
    first,
    [second, ({ message }) => ({ text: message }), ({ text }) => ({ message: text })],
    [z.object({ text: z.string(), at: z.date() }), ({ text }) => ({ text, at: new Date(0) })],
  ),
  other: z.object({ n: z.number() }),
});
type Events = typeof catalog;

describe('types of versions', () => {
  test('[V4] publishers are held at versions of events that there are', () => {
    const broker = new MemoryBroker();
    new EventManager({ broker, catalog, publishAs: { message: 1 } });
    // @ts-expect-error: the catalog has no such event
    void (() => new EventManager({ broker, catalog, publishAs: { mesage: 1 } }));
    // @ts-expect-error: versions are numbers
    void (() => createPublisher({ broker, catalog, publishAs: { message: '1' } }));
  });

  test('all are typed by the newest version', () => {
    expectTypeOf<EventData<'message', Events>>().toEqualTypeOf<{ text: string; at: Date }>();
    expectTypeOf<EventData<'other', Events>>().toEqualTypeOf<{ n: number }>();
    expectTypeOf<Extract<AnyEvent<Events>, { event_type: 'message' }>['data']>().toEqualTypeOf<{
      text: string;
      at: Date;
    }>();
  });

  test('[V2] a chain with a missing or wrong step does not compile', () => {
    // @ts-expect-error: no step at all
    versions(first);
    // @ts-expect-error: a step without the way from the version before
    versions(first, [second]);
    // @ts-expect-error: what it makes is no input of the second version
    versions(first, [second, ({ message }) => ({ words: message })]);
    // @ts-expect-error: the first version has no such field
    versions(first, [second, ({ words }) => ({ text: words })]);
    // @ts-expect-error: the way back makes no input of the first version
    versions(first, [second, ({ message }) => ({ text: message }), ({ text }) => ({ words: text })]);
    versions(
      first,
      [second, ({ message }) => ({ text: message })],
      // @ts-expect-error: it takes data of the first version, and the one before is the second
      [second, ({ message }) => ({ text: message })],
    );
  });

  test('[V6] filters know who published', () => {
    expectTypeOf<{ by: 'shadow' }>().toExtend<EventFilter<'message', Events>>();
    expectTypeOf<{ by: { ne: 'me' }; text: 'x' }>().toExtend<EventFilter<'message', Events>>();
    expectTypeOf<{ by: 1 }>().not.toExtend<EventFilter<'message', Events>>();
    expectTypeOf<AnyEvent<Events>['by']>().toEqualTypeOf<string | undefined>();
  });
});
