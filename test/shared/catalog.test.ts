import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvents, fromLogEntry, psycheEvents, toLogEntry } from '../../shared/index.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

describe('defineEvents', () => {
  test.each(['any', 'batch', 'stream_gap', 'then', '__proto__', 'a.b', '1st', '', 'x'.repeat(65)])(
    'refuses %j as a name, and says why',
    (name) => {
      expect(() => defineEvents(Object.fromEntries([[name, z.string()]]))).toThrow(/cannot be an event name/);
    },
  );

  test('refuses an empty catalog', () => {
    expect(() => defineEvents({})).toThrow(TypeError);
  });

  test.each<[boolean, string, z.ZodType]>([
    [
      true,
      'an object of plain fields',
      z.object({ a: z.string(), b: z.number().optional(), c: z.enum(['x']) }),
    ],
    [true, 'JSON records', z.record(z.string(), z.json())],
    [true, 'defaults and checks', z.object({ s: z.string().trim().default('x') })],
    [false, 'a Date', z.object({ a: z.date() })],
    [false, 'a Map deep inside', z.array(z.object({ m: z.map(z.string(), z.string()) }))],
    [false, 'a bigint', z.bigint()],
    [false, 'unknown', z.object({ a: z.unknown() })],
    [false, 'an open object', z.looseObject({ a: z.string() })],
    [false, 'a transform', z.string().transform(Number)],
    [false, 'a codec', z.codec(z.string(), z.number(), { decode: Number, encode: String })],
  ])('plain JSON is %j for %s', (plain, _, schema) => {
    expect(defineEvents({ e: schema }).isPlainJson('e')).toBe(plain);
  });
});

describe('the catalog of the guide', () => {
  const invalid = (name: keyof typeof psycheEvents.schemas, data: unknown, ...path: (string | number)[]) =>
    expect(() => psycheEvents.parse(name, data)).toThrow(
      expect.objectContaining({
        code: 'INVALID_EVENT',
        issues: [expect.objectContaining({ path: ['data', ...path] })],
      }),
    );

  test('has agent_message with a score from −1 to 1, three labels and JSON metadata', () => {
    const message = agentMessage('hi');
    expect(psycheEvents.parse('agent_message', message)).toEqual(message);
    for (const score of [-1.01, 1.01, Number.NaN]) {
      invalid(
        'agent_message',
        { ...message, sentiment: { ...message.sentiment, score } },
        'sentiment',
        'score',
      );
    }
    invalid('agent_message', { ...message, sentiment: { score: 0, label: 'sad' } }, 'sentiment', 'label');
    invalid('agent_message', { ...message, metadata: { at: new Date() } }, 'metadata', 'at');
    invalid('agent_message', { ...message, extra: 1 });
  });

  test('has network_update with a strength from 0 to 1, two kinds of path and optional details', () => {
    const update = {
      connections: [{ from: 'a', to: 'b', strength: 0.8, is_active: true, type: 'normal' as const }],
      communication_stats: { a: { sent: 10, received: 5 } },
      event_type: 'message_sent',
    };
    expect(psycheEvents.parse('network_update', update)).toEqual(update);
    expect(psycheEvents.parse('network_update', { ...update, details: { queue_size: 3 } })).toBeDefined();
    const [connection] = update.connections;
    invalid(
      'network_update',
      { ...update, connections: [{ ...connection, strength: 1.1 }] },
      'connections',
      0,
      'strength',
    );
    invalid(
      'network_update',
      { ...update, connections: [{ ...connection, type: 'x' }] },
      'connections',
      0,
      'type',
    );
  });

  test('has system_status with three states of health and further numeric metrics', () => {
    const status = systemStatus();
    const performance_metrics = { ...status.performance_metrics, open_files: 156 };
    expect(psycheEvents.parse('system_status', { ...status, performance_metrics })).toMatchObject({
      performance_metrics,
    });
    invalid('system_status', { ...status, health_status: 'fine' }, 'health_status');
    invalid(
      'system_status',
      { ...status, performance_metrics: { ...performance_metrics, name: 'x' } },
      'performance_metrics',
      'name',
    );
  });

  test('refuses an unknown name with the names that exist', () => {
    expect(() => psycheEvents.parse('agent_massage' as never, {})).toThrow(/agent_message, network_update/);
  });
});

describe('a log entry', () => {
  const rich = defineEvents({ rich: z.object({ at: z.date(), big: z.map(z.string(), z.bigint()) }) });

  test('preserves values that JSON cannot carry', () => {
    const data = { at: new Date(0), big: new Map([['x', 2n ** 64n]]) };
    const entry = toLogEntry(rich, { event_type: 'rich', data, timestamp: '2026-01-01T00:00:00Z' });
    expect(fromLogEntry(entry)).toEqual({ event_type: 'rich', data, timestamp: '2026-01-01T00:00:00Z' });
  });

  test('is the plain event’s own JSON text, without annotations', () => {
    const data = agentMessage('ü "quoted"');
    const entry = toLogEntry(psycheEvents, {
      event_type: 'agent_message',
      data,
      timestamp: '2026-01-01T00:00:00+02:00',
    });
    expect(entry.meta).toBeUndefined();
    expect(JSON.parse(entry.json)).toEqual({
      event_type: 'agent_message',
      timestamp: '2026-01-01T00:00:00+02:00',
      data,
    });
  });

  test('has the idempotency key as its identity, or an identity of its own', () => {
    const event = { event_type: 'agent_message', data: agentMessage(1) };
    expect(toLogEntry(psycheEvents, { ...event, idempotencyKey: 'k' }).id).toBe('k');
    expect(toLogEntry(psycheEvents, event).id).not.toBe(toLogEntry(psycheEvents, event).id);
    expect(() => toLogEntry(psycheEvents, { ...event, idempotencyKey: '' })).toThrow(/idempotencyKey/);
  });
});
