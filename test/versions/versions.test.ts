import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { defineEvents, fromLogEntry, toLogEntry, versions } from '../../shared/index.ts';

const first = z.object({ message: z.string() });
const second = z.object({ text: z.string() });
const third = z.object({ text: z.string(), words: z.number() });

/** A message in three versions; only the way from the second to the first is known. */
const history = versions(
  first,
  [second, ({ message }) => ({ text: message }), ({ text }) => ({ message: text })],
  [third, ({ text }) => ({ text, words: text.split(' ').length })],
);
const catalog = defineEvents({ message: history, other: z.object({ n: z.number() }) });

describe('versions of an event', () => {
  test('[V2] an older version becomes the newest, step by step', () => {
    expect(catalog.versionOf('message')).toBe(3);
    expect(catalog.versionOf('other')).toBe(1);
    expect(catalog.upcast('message', 1, { message: 'a b' })).toEqual({ text: 'a b', words: 2 });
    expect(catalog.upcast('message', 2, { text: 'a' })).toEqual({ text: 'a', words: 1 });
    expect(catalog.upcast('message', 3, { text: 'a', words: 9 })).toEqual({ text: 'a', words: 9 });
    expect(catalog.upcast('other', 1, { n: 1 })).toEqual({ n: 1 });
  });

  test('[V3] every version on the way is validated', () => {
    const narrow = defineEvents({
      e: versions(
        z.object({ n: z.number() }),
        [z.object({ n: z.number().max(5) }), (data) => data],
        [z.object({ s: z.string().min(1) }), ({ n }) => ({ s: n > 4 ? '' : 'few' })],
      ),
    });
    const invalid = expect.objectContaining({ code: 'INVALID_EVENT' });
    expect(narrow.upcast('e', 1, { n: 3 })).toEqual({ s: 'few' });
    expect(() => narrow.upcast('e', 1, { n: 6 })).toThrow(invalid);
    expect(() => narrow.upcast('e', 1, { n: 5 })).toThrow(invalid);
    expect(() => narrow.upcast('e', 4, { s: 'few' })).toThrow(/no version 4; the newest is 3/);
  });

  test('a catalog made of the schemas of another keeps the histories', () => {
    const wider = defineEvents({ ...catalog.schemas, more: z.object({}) });
    expect(wider.versionOf('message')).toBe(3);
    expect(wider.upcast('message', 1, { message: 'a' })).toEqual({ text: 'a', words: 1 });
  });

  test('the last schema alone has no history, whoever else uses it', () => {
    expect(defineEvents({ third }).versionOf('third')).toBe(1);
  });

  test('a history goes on from another', () => {
    const longer = defineEvents({ message: versions(history, [second, ({ text }) => ({ text })]) });
    expect(longer.versionOf('message')).toBe(4);
    expect(longer.upcast('message', 1, { message: 'a' })).toEqual({ text: 'a' });
    expect(catalog.versionOf('message')).toBe(3);
  });

  test('[V2] a history goes on from the schema of a catalog that has one', () => {
    const two = defineEvents({ note: versions(first, [second, ({ message }) => ({ text: message })]) });
    const longer = defineEvents({
      note: versions(two.schemas.note, [third, ({ text }) => ({ text, words: text.split(' ').length })]),
    });
    expect(longer.versionOf('note')).toBe(3);
    expect(longer.upcast('note', 1, { message: 'a b' })).toEqual({ text: 'a b', words: 2 });
    expect(two.versionOf('note')).toBe(2);
  });

  test('steps that are none are refused', () => {
    const untyped = versions as (...args: unknown[]) => unknown;
    expect(() => untyped(first)).toThrow(/pass the schema alone/);
    expect(() => untyped(first, [second])).toThrow(/version 2 must be/);
    expect(() => untyped(first, [{}, () => ({})])).toThrow(/version 2 must be/);
    expect(() => untyped(first, undefined)).toThrow(/version 2 must be/);
    for (const step of [second, null, 2]) expect(() => untyped(first, step)).toThrow(/version 2 must be/);
    expect(() => untyped(first, [second, () => ({}), 'back'])).toThrow(/version 2 must be/);
    expect(() => untyped({}, [second, () => ({})])).toThrow(/version 1 must be/);
  });

  test('[V2] a step may yield null', () => {
    const emptied = versions(z.string(), [z.string().nullable(), (text) => text || null]);
    expect(defineEvents({ note: emptied }).upcast('note', 1, '')).toBeNull();
  });

  test('a step that returns a promise is told as one, and its failure ends no process', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const step = (): never => Promise.reject(new Error('later')) as never;
    const late = defineEvents({ note: versions(first, [second, step, step]) });
    expect(() => late.upcast('note', 1, { message: 'a' })).toThrow(/step to version 2 returns a promise/);
    expect(() => late.downcast('note', 1, { text: 'a' })).toThrow(/step to version 1 returns a promise/);
    await new Promise(setImmediate);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('log entries', () => {
  const event = { event_type: 'message', data: { text: 'a b', words: 2 } };

  test('[V1] carry the version of their data; absent means 1', () => {
    expect(toLogEntry(catalog, event).version).toBe(3);
    expect(toLogEntry(catalog, { event_type: 'other', data: { n: 1 } })).not.toHaveProperty('version');
  });

  test('[V4] are held at an older version: of its own data, or of the newest where there is a way back', () => {
    const two = defineEvents({
      message: versions(first, [
        second,
        ({ message }) => ({ text: message }),
        ({ text }) => ({ message: text }),
      ]),
    });
    const held = (data: unknown) => toLogEntry(two, { event_type: 'message', data }, { version: 1 });
    for (const data of [{ message: 'a' }, { text: 'a' }]) {
      expect(held(data)).not.toHaveProperty('version');
      expect(held(data)).not.toHaveProperty('validatedBy');
      expect(fromLogEntry(held(data))).toMatchObject({ data: { message: 'a' } });
    }
    expect(() => held({ neither: 1 })).toThrow(/Invalid message/);
    expect(() => toLogEntry(catalog, event, { version: 2 })).not.toThrow(); // its fields are those of version 2 too
    expect(() => toLogEntry(catalog, event, { version: 1 })).toThrow(/data.message/); // no way back from version 3
  });

  test('[V4] held at an older version lose no field that it would leave out, where the newest has a way back', () => {
    const renamed = defineEvents({
      person: versions(z.object({ of: z.object({ nick: z.string().optional() }) }), [
        z.object({ of: z.object({ name: z.string().optional(), age: z.number().optional() }) }),
        ({ of: { nick } }) => ({ of: { name: nick } }),
        ({ of: { name } }) => ({ of: { nick: name } }),
      ]),
    });
    const held = (of: object) => renamed.downcast('person', 1, { of });
    expect(held({ nick: 'Ada' })).toEqual({ of: { nick: 'Ada' } });
    expect(held({ name: 'Ada' })).toEqual({ of: { nick: 'Ada' } });
    expect(held({ name: 'Ada', age: 36, other: 1 })).toEqual({ of: { nick: 'Ada' } });
    expect(held({ nick: 'Ada', other: 1 })).toEqual({ of: { nick: 'Ada' } });
    expect(held({})).toEqual({ of: {} });
    expect(() => held({ nick: 1, name: 2 })).toThrow(/Invalid person/);
  });

  test('[V6] say who published, and never what the data says of it', () => {
    const by = toLogEntry(catalog, { ...event, ...{ by: 'forged' } }, { by: 'shadow' });
    expect(fromLogEntry(by)).toMatchObject({ by: 'shadow' });
    expect(fromLogEntry(toLogEntry(catalog, { ...event, ...{ by: 'forged' } }))).not.toHaveProperty('by');
    expect(() => toLogEntry(catalog, event, { by: '' })).toThrow(/by: must be text/);
  });
});
