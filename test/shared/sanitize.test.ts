import { expect, test } from 'vitest';
import * as z from 'zod';
import { createAppRouter, EventManager, MemoryBroker } from '../../server/index.ts';
import { defineEvents, psycheEvents, stripControlCharacters, toLogEntry } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

const HOSTILE = 'a\u0000b\u001b[31mc\u0007\u007f\u0085\u009bd';
const CLEAN = 'ab[31mcd';

test('control characters are removed; tabs, line ends and visible characters stay', () => {
  expect(stripControlCharacters(HOSTILE)).toBe(CLEAN);
  for (const text of ['tab\tline\r\n', 'Ünïcödé – 漢字 🜁', 'שלום', '\u202eoverride', '\ud800'])
    expect(stripControlCharacters(text)).toBe(text);
});

test('nested lists, records, maps and sets are sanitised; clean data stays the same object, and none is changed', () => {
  const clean = { a: ['x', { b: new Map([['k', 'v']]), c: new Set(['s']), d: new Date(0), n: null, o: 1n }] };
  expect(stripControlCharacters(clean)).toBe(clean);
  const given = { a: [HOSTILE, { b: new Map([[HOSTILE, HOSTILE]]), c: new Set([HOSTILE]) }], d: 1 };
  const before = structuredClone(given);
  expect(stripControlCharacters(given)).toEqual({
    a: [CLEAN, { b: new Map([[CLEAN, CLEAN]]), c: new Set([CLEAN]) }],
    d: 1,
  });
  expect(given).toEqual(before);
});

test('a field named __proto__ stays a field', () => {
  const stripped = stripControlCharacters(JSON.parse('{"__proto__":{"polluted":"\\u0000yes"}}'));
  expect(JSON.stringify(stripped)).toBe('{"__proto__":{"polluted":"yes"}}');
  expect({}).not.toHaveProperty('polluted');
});

test('a field name with control characters, and data that is nested too deeply, are refused', () => {
  expect(() => stripControlCharacters({ metadata: { 'a\u0000': 1 } })).toThrow(
    expect.objectContaining({
      code: 'INVALID_EVENT',
      issues: [expect.objectContaining({ path: ['data', 'metadata'] })],
    }),
  );
  const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  expect(() => stripControlCharacters(deep(64))).not.toThrow();
  expect(() => stripControlCharacters(deep(65))).toThrow(/64 levels/);
  expect(() => stripControlCharacters(deep(100_000))).toThrow(/64 levels/);
});

test('published data is stripped before validation, on every way in', async () => {
  const manager = new EventManager({ broker: new MemoryBroker() });
  const caller = createAppRouter(manager).createCaller({});
  const data = { ...agentMessage(HOSTILE), metadata: { note: HOSTILE, list: [HOSTILE] } };
  await manager.publish('agent_message', data);
  await caller.publish.agent_message({ data });
  await caller.publish.batch({ events: [{ event_type: 'agent_message', data }] });
  const { items } = await manager.history({ types: ['agent_message'] });
  expect(items).toHaveLength(3);
  for (const { event } of items)
    expect(event.data).toMatchObject({ message: CLEAN, metadata: { note: CLEAN, list: [CLEAN] } });
  expect(JSON.parse(toLogEntry(psycheEvents, { event_type: 'agent_message', data }).json).data.message).toBe(
    CLEAN,
  );
  const named = defineEvents({ named: z.string().min(1) });
  expect(() => named.parse('named', '\u0000')).toThrow(/Invalid named/);
  await manager.close();
});

test('an own sanitize hook replaces the default, and false leaves strings unchanged', () => {
  const schema = { said: z.object({ text: z.string() }) };
  const own = defineEvents(schema, {
    sanitize: (data, name) => JSON.parse(JSON.stringify(data).replaceAll('damn', `<${name}>`)),
  });
  expect(own.parse('said', { text: 'damn' })).toEqual({ text: '<said>' });
  const none = defineEvents(schema, { sanitize: false });
  expect(none.parse('said', { text: HOSTILE })).toEqual({ text: HOSTILE }); // the control
});

test.each([
  ['a message', { message: 'x'.repeat(32 * 1024 + 1) }, ['data', 'message']],
  ['an id', { agent_id: 'x'.repeat(129) }, ['data', 'agent_id']],
  ['a type', { agent_type: 'x'.repeat(129) }, ['data', 'agent_type']],
  ['the name of a field', { metadata: { ['x'.repeat(129)]: 1 } }, ['data', 'metadata', 'x'.repeat(129)]],
])('%s that is too long is refused', (_, field, path) => {
  const message = agentMessage('x'.repeat(32 * 1024));
  expect(psycheEvents.parse('agent_message', message)).toEqual(message);
  expect(() => psycheEvents.parse('agent_message', { ...message, ...field })).toThrow(
    expect.objectContaining({ code: 'INVALID_EVENT', issues: [expect.objectContaining({ path })] }),
  );
});
