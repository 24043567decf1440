import { createRequire } from 'node:module';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { toAsyncApi, toJsonSchema } from '../../server/index.ts';
import { type AnyCatalog, defineEvents, EventsError, psycheEvents } from '../../shared/index.ts';
import { simulationEvents } from '../../simulation/index.ts';
import { startTestServer } from '../app/harness.ts';
import { run } from '../cli/command.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

const official = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json');

const dreams = defineEvents({
  ...psycheEvents.schemas,
  dream: z.object({
    at: z.date(),
    symbols: z.map(z.string(), z.number()),
    depth: z.bigint().optional(),
    mood: z.enum(['calm', 'wild']).default('calm'),
  }),
});
const CATALOGS: Readonly<Record<string, AnyCatalog>> = { psycheEvents, simulationEvents, dreams };

const timestamp = '2026-01-31T12:00:00Z';
const ENVELOPES = [
  { event_type: 'agent_message', timestamp, data: agentMessage('hello') },
  { event_type: 'system_status', timestamp, data: systemStatus() },
  {
    event_type: 'agent_message',
    timestamp,
    data: { ...agentMessage('x'), metadata: { deep: [{ a: null }] } },
  },
  {
    event_type: 'agent_message',
    timestamp,
    data: { ...agentMessage('x'), sentiment: { score: 2, label: 'positive' } },
  },
  { event_type: 'agent_message', timestamp, data: { ...agentMessage('x'), more: 1 } },
  { event_type: 'system_status', timestamp, data: agentMessage('x') },
  { event_type: 'nothing', timestamp, data: {} },
];

function isValid(catalog: AnyCatalog, { event_type, data }: (typeof ENVELOPES)[number]): boolean {
  try {
    catalog.parse(event_type, data);
    return true;
  } catch (error) {
    if (!(error instanceof EventsError)) throw error;
    return false;
  }
}

/** Every `$ref` of a document, and what it leads to. */
function references(document: unknown): [ref: string, target: unknown][] {
  const found = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
  const follow = (at: unknown, key: string) => (at as Record<string, unknown> | undefined)?.[key];
  return [...new Set(found)].map((path) => [path, path.split('/').reduce(follow, document)]);
}

describe('JSON Schema of a catalog', () => {
  test.each(Object.entries(CATALOGS))('validates events as the catalog does: %s', (_, catalog) => {
    const validate = addFormats
      .default(new Ajv2020.default({ strict: false }))
      .compile(toJsonSchema(catalog));
    const verdicts = ENVELOPES.map((envelope) => validate(envelope));
    expect(verdicts).toEqual(ENVELOPES.map((envelope) => isValid(catalog, envelope)));
    expect(new Set(verdicts).size).toBe(2);
  });

  test('describes how values beyond JSON are sent', () => {
    const validate = addFormats.default(new Ajv2020.default({ strict: false })).compile(toJsonSchema(dreams));
    const data = { at: timestamp, symbols: [['moon', 2]], depth: '12' };
    expect(validate({ event_type: 'dream', timestamp, data })).toBe(true);
    expect(validate({ event_type: 'dream', timestamp, data: { ...data, at: 7 } })).toBe(false);
    expect(JSON.stringify(toJsonSchema(dreams))).toContain('"x-superjson":"Date"');
  });
});

test('[V6] receivers are told of by, and publishers are not', () => {
  const validate = addFormats.default(new Ajv2020.default({ strict: false })).compile(toJsonSchema(dreams));
  const event = { event_type: 'dream', timestamp, data: { at: timestamp, symbols: [], depth: '12' } };
  expect(validate({ ...event, by: 'alice' })).toBe(true);
  for (const by of [7, null, '', 'x'.repeat(129)]) expect(validate({ ...event, by })).toBe(false);
  const { schemas, messages } = toAsyncApi(dreams)['components'] as Record<'schemas' | 'messages', never>;
  expect(schemas['dream']).toMatchObject({ properties: { by: { type: 'string' } } });
  const { payload } = messages['publish_dream'] as { payload: { properties: object } };
  expect(Object.keys(payload.properties)).toContain('timestamp');
  expect(Object.keys(payload.properties)).not.toContain('by');
  expect(payload).toMatchObject({ additionalProperties: false });
});

describe('AsyncAPI of a catalog', () => {
  const validate = addFormats.default(new Ajv.default({ strict: false, allErrors: true })).compile(official);

  test.each(Object.entries(CATALOGS))('conforms to the specification: %s', (_, catalog) => {
    const document = toAsyncApi(catalog);
    validate(document);
    expect(validate.errors).toBe(null);
    const missing = references(document).filter(([, target]) => target === undefined);
    expect(missing).toEqual([]);
    expect(references(document).length).toBeGreaterThan(2 * catalog.names.length);
  });

  test('control: does not conform when it is another document', () => {
    expect(validate({ ...toAsyncApi(psycheEvents), operations: { x: { action: 'shout' } } })).toBe(false);
  });
});

describe('the schemas of a catalog', () => {
  test('are served by a server of that catalog, with its addresses', async () => {
    await using server = await startTestServer({ redisPrefix: 'mine' }, { catalog: dreams });
    const get = async (path: string) => (await fetch(`${server.url}${path}`)).json();
    expect(await get('/schema.json')).toEqual(toJsonSchema(dreams));
    const document = await get('/asyncapi.json');
    expect(document).toEqual(toAsyncApi(dreams, { redisPrefix: 'mine' }));
    const { ingress, events, ...publish } = document.channels;
    expect(ingress.address).toBe('mine:ingress');
    for (const { address } of Object.values<{ address: string }>(publish)) {
      const answer = await fetch(`${server.url}${address}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"data":{}}',
      });
      expect((await answer.json()).error.json.data.reason).toBe('INVALID_EVENT');
    }
    const stream = await fetch(`${server.url}${events.address}`);
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    await stream.body?.cancel();
  });

  test('are printed by the command', { timeout: 60_000 }, async () => {
    expect(JSON.parse((await run(['schema'])).stdout)).toEqual(toJsonSchema(simulationEvents));
    const { stdout } = await run(['schema', '--format', 'asyncapi'], '', { REDIS_PREFIX: 'other' });
    expect(JSON.parse(stdout)).toEqual(toAsyncApi(simulationEvents, { redisPrefix: 'other' }));
    expect((await run(['schema', '--format', 'xml'])).code).toBe(1);
  });
});
