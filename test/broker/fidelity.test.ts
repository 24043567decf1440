import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import superjson from 'superjson';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { EventManager } from '../../server/index.ts';
import { defineEvents, EventsError, toLogEntry } from '../../shared/index.ts';
import { Collector } from '../support/collect.ts';
import { brokerKinds } from './contract/fixtures.ts';
import { type Case, plainCases, richCases } from './fidelity-cases.ts';

const SEED = 11;
const EVENTS = 400;

interface Published {
  readonly schema: z.ZodType;
  readonly value: unknown;
}

const published = (cases: fc.Arbitrary<Case>): fc.Arbitrary<Published> =>
  cases.chain(({ schema, values }) => values.map((value) => ({ schema, value })));

/** Events, each of a type of its own, and what is accepted of them: those that are refused are left out. */
function acceptedOf(cases: fc.Arbitrary<Case>) {
  const all = fc.sample(published(cases), { seed: SEED, numRuns: EVENTS });
  const catalog = defineEvents(
    Object.fromEntries(all.map(({ schema }, n) => [`e${n}`, z.object({ value: schema })])),
  );
  const events: { event_type: string; data: { value: unknown } }[] = [];
  const accepted: unknown[] = [];
  for (const [n, { value }] of all.entries()) {
    const event = { event_type: `e${n}`, data: { value } };
    try {
      accepted.push(catalog.parse(event.event_type, event.data));
      events.push(event);
    } catch (error) {
      expect(error).toBeInstanceOf(EventsError);
      expect(error).toMatchObject({ code: 'INVALID_EVENT' });
      expect((error as EventsError).issues[0]?.path[0]).toBe('data');
    }
  }
  return { catalog, events, accepted };
}

describe.each([
  ['JSON with any names', plainCases],
  ['dates, bigints, Maps and an open schema', richCases],
])('a random value of %s', (_, cases) => {
  const { catalog, events, accepted } = acceptedOf(cases());

  test('covers most of what the schema accepts', () => {
    expect(accepted.length).toBeGreaterThan(EVENTS / 4);
    expect(accepted.length).toBeLessThan(EVENTS);
  });

  test.each(brokerKinds)('arrives as it was accepted, live and from the log: $name', async ({ open }) => {
    await using fixture = await open();
    const manager = new EventManager({ catalog, broker: fixture.broker });
    const heard: unknown[] = [];
    manager.addListener(({ data }) => heard.push(data));
    using live = new Collector((signal) => manager.subscribe({ signal }));
    await live.count(1);
    for (const { event_type, data } of events) await manager.publish(event_type, data);
    await live.count(1 + events.length);
    deepStrictEqual(
      live.items.slice(1).map(({ data }) => data),
      accepted,
    );
    deepStrictEqual(heard, accepted);
    const { items } = await manager.history({ limit: 1000 });
    deepStrictEqual(
      items.map(({ event }) => event.data),
      accepted,
    );
    await manager.close();
  });

  test('reaches a stock client and a reader of plain JSON unchanged', () => {
    for (const [n, event] of events.entries()) {
      const { json, meta } = toLogEntry(catalog, event);
      const text = JSON.parse(json);
      if (meta === undefined) deepStrictEqual(text.data, accepted[n]);
      else {
        const stock = superjson.deserialize<{ data: { data: unknown } }>(
          { json: { data: text }, meta: JSON.parse(meta) },
          { inPlace: true },
        );
        deepStrictEqual(stock.data.data, accepted[n]);
      }
    }
  });
});

test.each([
  ['JSON', plainCases(), (data: unknown) => JSON.parse(JSON.stringify({ data })).data],
  [
    'superjson',
    richCases(),
    (data: unknown) => superjson.parse<{ data: unknown }>(superjson.stringify({ data })).data,
  ],
])('control: zod and %s alone change or lose some of these values', (_, cases, carry) => {
  const { failed } = fc.check(
    fc.property(published(cases), ({ schema, value }) => {
      const result = schema.safeParse(value);
      if (result.success) deepStrictEqual(carry(result.data), result.data);
    }),
    { seed: SEED, numRuns: 1000 },
  );
  expect(failed).toBe(true);
});
