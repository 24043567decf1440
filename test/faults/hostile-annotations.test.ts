import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import superjson from 'superjson';
import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { applyBroadcastWSSHandler } from '../../server/broadcaster/apply-handler.ts';
import { type Authorize, EventManager, eventProcedures, MemoryBroker } from '../../server/index.ts';
import { defineEvents, EventsError, psycheEvents } from '../../shared/index.ts';
import { ALL, takesTokens, token } from '../access/harness.ts';
import { startTestServer } from '../app/harness.ts';
import { type Apply, startServer } from '../broadcaster/harness.ts';
import { agentMessage } from '../support/events.ts';
import { type Call, get, post, postBatch, socket } from './annotated-calls.ts';

/** Bytes of an answer that says what is wrong. */
const MAX_ANSWER = 4_096;

class Counted {}

/** Counts the values of an input that were made of an annotation. */
let made = 0;
superjson.registerCustom<Counted, string>(
  {
    isApplicable: (it): it is Counted => it instanceof Counted,
    serialize: () => 'counted',
    deserialize: () => {
      made++;
      return new Counted();
    },
  },
  'Counted',
);
beforeEach(() => {
  made = 0;
});

/** A catalog that is open to anything in one place. */
const catalog = defineEvents({ ...psycheEvents.schemas, open: z.object({ x: z.unknown() }) });

const PUBLISH = {
  json: { data: { x: 'counted' } },
  meta: { values: { 'data.x': [['custom', 'Counted']] }, v: 1 },
};
const BATCH = {
  json: { events: [{ event_type: 'open', data: { x: 'counted' } }] },
  meta: { values: { 'events.0.data.x': [['custom', 'Counted']] }, v: 1 },
};
const SELECT = {
  json: { topic: 'a', filter: { agent_id: 'x' } },
  meta: { values: { 'filter.agent_id': [['custom', 'Counted']] }, v: 1 },
};

const WAYS: readonly [string, Call, string, object][] = [
  ['a publish over a WebSocket', socket('mutation'), 'publish.open', PUBLISH],
  ['a publish over HTTP', post, 'publish.open', PUBLISH],
  ['a publish in a batch over HTTP', postBatch, 'publish.open', PUBLISH],
  ['a batch of events over a WebSocket', socket('mutation'), 'publish.batch', BATCH],
  ['a batch of events over HTTP', post, 'publish.batch', BATCH],
  ['history over a WebSocket', socket('query'), 'history', SELECT],
  ['history over HTTP', get, 'history', SELECT],
  ['a subscription over a WebSocket', socket('subscription'), 'on.any', SELECT],
  ['a subscription over server-sent events', get, 'on.any', SELECT],
  ['a replay over a WebSocket', socket('subscription'), 'replay', SELECT],
];

describe('an annotated value in an input', () => {
  test.each(WAYS)('is not made for a token without rights: %s', async (_, call, path, input) => {
    await using server = await startTestServer({}, { catalog, authenticate: takesTokens });
    expect((await call(server.url, path, input, await token({ claims: {} }))).reason).toBe('FORBIDDEN');
    expect(made).toBe(0);
  });

  test.each(WAYS)('is made with rights only if the schema holds it: %s', async (_, call, path, input) => {
    await using server = await startTestServer({}, { catalog, authenticate: takesTokens });
    const { text, reason } = await call(server.url, path, input, await token({ claims: ALL }));
    if (path.startsWith('publish')) {
      expect({ made, text }).toMatchObject({ made: 1, text: expect.stringContaining('"cursor"') });
    } else {
      expect({ made, reason }).toEqual({ made: 0, reason: 'INVALID_OPTION' });
      expect(text).toContain('cannot be a custom');
    }
  });

  test('control: is made before the authorization with superjson itself as the transformer', async () => {
    const manager = new EventManager({ catalog, broker: new MemoryBroker() });
    const t = initTRPC.create({ transformer: superjson });
    const authorize: Authorize<object> = () => {
      throw new EventsError('FORBIDDEN', 'Not you.');
    };
    const router = t.router(eventProcedures(manager, t.procedure, { authorize }));
    await using server = await startServer<typeof router>((stock) => applyBroadcastWSSHandler(stock), {
      router,
    });
    const client = await server.connect();
    client.call(1, 'mutation', 'publish.open', PUBLISH);
    expect(JSON.stringify((await client.frame(1)).error)).toContain('Not you');
    expect(made).toBe(1);
    await manager.close();
  });
});

describe('an input of any router', () => {
  async function refused(apply: Apply): Promise<number> {
    const t = initTRPC.create({ transformer: superjson });
    const router = t.router({ echo: t.procedure.input((it) => it).query(({ input }) => String(input)) });
    await using server = await startServer(apply, {
      router,
      createContext: async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        throw new Error('not you');
      },
    });
    const client = await server.connect();
    client.call(1, 'query', 'echo', { json: 'x', meta: { values: [['custom', 'Counted']], v: 1 } });
    expect((await client.frame(1)).error).toBeDefined();
    return made;
  }

  test('is not decoded before the client was let in', async () => {
    expect(await refused(applyBroadcastWSSHandler)).toBe(0);
  });

  test('control: is decoded when it arrives with tRPC’s own adapter', async () => {
    expect(await refused(applyWSSHandler)).toBe(1);
  });
});

function shared(levels: number) {
  let inner: object = {};
  const referentialEqualities: Record<string, string[]> = {};
  for (let level = 0; level < levels; level++) inner = { a: inner, b: null };
  for (let path = 'data.metadata', level = 0; level < levels; level++, path += '.a')
    referentialEqualities[`${path}.a`] = [`${path}.b`];
  return { json: { data: { ...agentMessage('x'), metadata: inner } }, meta: { referentialEqualities } };
}

const message = (metadata: unknown, values: object) => ({
  json: { data: { ...agentMessage('x'), metadata } },
  meta: { values, v: 1 },
});

const HOSTILE: readonly [string, string, unknown, string][] = [
  ['a graph with 2^40 paths', 'publish.agent_message', shared(40), 'INVALID_EVENT'],
  [
    'a typed array of 100 million numbers',
    'publish.agent_message',
    message({ x: 100_000_000 }, { 'data.metadata.x': [['typed-array', 'Uint8Array']] }),
    'INVALID_EVENT',
  ],
  [
    'a bigint of 60 000 digits',
    'publish.agent_message',
    message({ x: '9'.repeat(60_000) }, { 'data.metadata.x': ['bigint'] }),
    'INVALID_EVENT',
  ],
  [
    'a Set where text is asked for',
    'publish.agent_message',
    { json: { data: agentMessage('x'), topic: [] }, meta: { values: { topic: ['set'] } } },
    'INVALID_OPTION',
  ],
  [
    'paths to nothing',
    'publish.agent_message',
    message(
      {},
      Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`data.metadata.${n}`, ['Date']])),
    ),
    'INVALID_EVENT',
  ],
  [
    'an annotation below __proto__',
    'publish.agent_message',
    message({}, { 'data.metadata.__proto__.x': ['Date'] }),
    'INVALID_EVENT',
  ],
  ['no data', 'publish.agent_message', { json: null, meta: { values: ['undefined'] } }, 'INVALID_OPTION'],
  [
    'events that are a Set',
    'publish.batch',
    { json: { events: [] }, meta: { values: { events: ['set'] } } },
    'INVALID_OPTION',
  ],
  [
    'a batch of more events than there may be',
    'publish.batch',
    { json: { events: Array.from({ length: 15_000 }, () => 0) } },
    'INVALID_OPTION',
  ],
  [
    'fields that there are not, with long names',
    'publish.agent_message',
    {
      json: {
        data: agentMessage('x'),
        ...Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${n}`.padEnd(100, 'x'), 1])),
      },
    },
    'INVALID_OPTION',
  ],
  [
    'a thousand things wrong',
    'publish.agent_message',
    {
      json: {
        data: {
          ...agentMessage('x'),
          ...Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`a\u0001${n}`, 1])),
        },
      },
    },
    'INVALID_EVENT',
  ],
  [
    'a name without end',
    'publish.batch',
    { json: { events: [{ event_type: 'x'.repeat(60_000), data: 1 }] } },
    'UNKNOWN_EVENT',
  ],
  [
    'a batch of which each event is wrong',
    'publish.batch',
    { json: { events: Array.from({ length: 900 }, () => ({ event_type: 5 })) } },
    'INVALID_OPTION',
  ],
];

describe('a hostile input is refused with its code in a short answer', () => {
  test.each(HOSTILE)('for %s', async (_, path, input, expected) => {
    await using server = await startTestServer();
    for (const call of [socket('mutation'), post, postBatch]) {
      const { text, reason } = await call(server.url, path, input);
      expect(reason).toBe(expected);
      expect(Buffer.byteLength(text)).toBeLessThan(MAX_ANSWER);
    }
    expect((await post(server.url, 'publish.agent_message', { data: agentMessage('good') })).text).toContain(
      '"cursor"',
    );
  });

  test.each<[string, unknown]>([
    ['too many types', { json: { types: Array.from({ length: 1_001 }, () => 'x') } }],
    ['300 unknown types', { json: { types: Array.from({ length: 300 }, () => 'xx') } }],
    ['topics of the wrong type', { json: { topics: Array.from({ length: 300 }, () => 5) } }],
    [
      'a filter of a typed array',
      {
        json: { filter: { agent_id: 1e8 } },
        meta: { values: { 'filter.agent_id': [['typed-array', 'Uint8Array']] } },
      },
    ],
    ['a since of a Map', { json: { since: [] }, meta: { values: { since: ['map'] } } }],
  ])('for a subscription with %s', async (_, input) => {
    await using server = await startTestServer();
    for (const call of [socket('subscription'), get]) {
      const { text, reason } = await call(server.url, 'on.any', input);
      expect(reason).toBe('INVALID_OPTION');
      expect(Buffer.byteLength(text)).toBeLessThan(MAX_ANSWER);
    }
  });

  test('and an endless path is not repeated in it', async () => {
    await using server = await startTestServer();
    for (const call of [socket('mutation'), post]) {
      const { text } = await call(server.url, 'x'.repeat(10_000), {});
      expect(text).toContain('NOT_FOUND');
      expect(Buffer.byteLength(text)).toBeLessThan(MAX_ANSWER);
    }
  });
});

test('an annotation cannot change the authorised topic into another one', async () => {
  await using server = await startTestServer({}, { catalog, authenticate: takesTokens });
  const bearer = await token({ claims: { ...ALL, topics: ['mine'] } });
  const data = agentMessage('x');
  for (const type of [['undefined'], [['custom', 'Counted']], ['Date'], ['URL']]) {
    const input = { json: { topic: 'mine', data }, meta: { values: { topic: type }, v: 1 } };
    expect((await post(server.url, 'publish.agent_message', input, bearer)).reason).toBe('INVALID_OPTION');
  }
  const nothing = { json: { topic: null, data }, meta: { values: { topic: ['undefined'] }, v: 1 } };
  expect((await post(server.url, 'publish.agent_message', nothing, bearer)).reason).toBe('FORBIDDEN');
});
