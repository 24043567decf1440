import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { expectsData, expectsEvents } from '../../server/router/inputs.ts';
import { defineEvents, versions } from '../../shared/index.ts';

test('the types that may be annotated in an event are put together once, not for each annotation', () => {
  const catalog = defineEvents({
    note: versions(z.set(z.string()), [z.map(z.string(), z.string()), () => new Map()]),
  });
  const schemaOf = vi.fn(catalog.schemaOf);
  const counted = { ...catalog, schemaOf };
  const ofData = expectsData(counted, 'note');
  const ofEvents = expectsEvents(counted, [{ event_type: 'note' }, { event_type: 'note' }]);
  const asked = ['a', 'b', 'c'].flatMap((field) => [
    ofData(['data', field]),
    ofEvents(['events', '0', 'data', field]),
    ofEvents(['events', '1', 'data', field]),
  ]);
  for (const { kinds } of asked) expect([...kinds]).toEqual(expect.arrayContaining(['set', 'map']));
  expect(schemaOf).toHaveBeenCalledTimes(2); // once for each version
});

test('an event that a catalog lacks is refused by name, and not remembered', () => {
  const catalog = defineEvents({ note: z.string() });
  const ofData = expectsData(catalog, 'other');
  for (const _ of [1, 2]) expect(() => ofData(['data'])).toThrow('No event is named "other"');
});
