import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import * as z from 'zod';
import { createPublisher } from '../../client/index.ts';
import { MemoryBroker } from '../../server/index.ts';
import { defineEvents, EventsError } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

class Breaking {
  toJSON(): unknown {
    throw new Error('of its own');
  }
}

/** Data that no transport can carry, with the field at fault. */
const UNSENDABLE: readonly [string, unknown, RegExp][] = [
  ['a function', { deep: [{ at: () => {} }] }, /deep\.0\.at: is a function/],
  ['a symbol', { at: Symbol('x') }, /at: is a symbol/],
  ['an invalid date', { at: new Date(Number.NaN) }, /at: is an invalid date/],
  ['a list with holes', { at: Array(3) }, /at: is a list with holes/],
  ['a cycle', { cycle }, /cycle\.self: contains itself/],
  [
    'a getter that throws',
    {
      get at() {
        throw new Error('of its own');
      },
    },
    /at: cannot be read: of its own/,
  ],
  [
    'an instance of a class whose toJSON throws',
    { at: new Breaking() },
    /at: is an object of class Breaking/,
  ],
];

const catalog = defineEvents({ note: z.object({ any: z.unknown() }) });

describe.each(UNSENDABLE)('%s in an event', (_name, any, words) => {
  const refused = (code: string) => ({ name: 'EventsError', code, message: expect.stringMatching(words) });

  test('fails a publish at once with its cause, over a WebSocket, over HTTP and straight to a broker', async () => {
    await using server = await startTestServer({ catalog });
    await using client = connect<typeof catalog>({ url: server.wsUrl });
    const publishers = [
      client,
      createPublisher<typeof catalog>({ url: server.httpUrl }),
      createPublisher({ broker: new MemoryBroker(), catalog }),
    ];
    const patient = { timeoutMs: 60_000 };
    const startedAt = performance.now();
    for (const publisher of publishers) {
      await expect(publisher.publish('note', { any }, patient)).rejects.toMatchObject(
        refused('INVALID_EVENT'),
      );
      const batch = [{ event_type: 'note' as const, data: { any } }];
      await expect(publisher.publishBatch(batch, patient)).rejects.toMatchObject(refused('INVALID_EVENT'));
    }
    expect(performance.now() - startedAt).toBeLessThan(30_000); // none has waited for its time to be over
    expect(server.connections).toBeLessThanOrEqual(1);
  });

  test('fails subscribe and history at once with its cause', async () => {
    await using server = await startTestServer();
    await using client = connect({ url: server.wsUrl });
    const filter = any as { agent_id: string };
    await expect(client.history({ filter })).rejects.toMatchObject(refused('INVALID_OPTION'));
    const ends: [Error, boolean][] = [];
    client.on('any', () => {}, { filter, onError: (...end) => ends.push(end) });
    await eventually(() => expect(ends).toMatchObject([[refused('INVALID_OPTION'), false]]));
    const loop = client.stream({ filter })[Symbol.asyncIterator]();
    await expect(loop.next()).rejects.toMatchObject(refused('INVALID_OPTION'));
  });
});

test('control: an object that is used twice is not taken for a cycle, and arrives', async () => {
  await using server = await startTestServer({ catalog });
  await using client = connect<typeof catalog>({ url: server.wsUrl });
  const once = { a: 1 };
  await client.publish('note', { any: [once, once] });
  expect((await client.history()).items[0]?.event.data).toEqual({ any: [once, once] });
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('timeoutMs %s is refused', async (timeoutMs) => {
  const publisher = createPublisher({ url: 'http://127.0.0.1:1' });
  const publish = publisher.publish('agent_message', agentMessage(1), { timeoutMs });
  await expect(publish).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/timeoutMs/),
  });
});

/** Answers that tRPC did not write: what each is, and whether it was asked again. */
const ANSWERS: readonly [number, Record<string, string>, string, string, RegExp][] = [
  [
    200,
    { 'content-type': 'text/html' },
    'INVALID_OPTION',
    'once',
    /HTTP status 200 and text\/html.*check url/,
  ],
  [400, {}, 'INVALID_OPTION', 'once', /status 400/],
  [401, { 'content-type': 'text/html' }, 'UNAUTHENTICATED', 'once', /status 401.*token/],
  [403, {}, 'FORBIDDEN', 'once', /status 403/],
  [404, { 'content-type': 'text/html' }, 'INVALID_OPTION', 'once', /status 404.*check url/],
  [413, {}, 'INVALID_OPTION', 'once', /status 413.*smaller/],
  [431, {}, 'INVALID_OPTION', 'once', /status 431.*token/],
  [429, {}, 'OVERLOADED', 'again', /status 429/],
  [502, { 'content-type': 'text/html' }, 'UNAVAILABLE', 'again', /within .* status 502/],
  [503, {}, 'UNAVAILABLE', 'again', /within .* status 503/],
];

test.each(ANSWERS)('HTTP %i %j of a proxy is %s, asked %s', async (status, headers, code, asked, words) => {
  let requests = 0;
  await using server = await startTestServer({
    intercept: (_req, res) => {
      requests++;
      res.writeHead(status, headers).end('<p>no</p>');
      return true;
    },
  });
  const publisher = createPublisher({ url: server.httpUrl });
  vi.spyOn(Math, 'random').mockReturnValue(0.1); // the wait before the second try is short
  onTestFinished(() => void vi.restoreAllMocks());
  const publish = publisher.publish('agent_message', agentMessage(1), { timeoutMs: 3000 });
  await expect(publish).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
  expect(requests > 1 ? 'again' : 'once').toBe(asked);
});

test('the client waits as long as Retry-After says', async () => {
  let requests = 0;
  await using server = await startTestServer({
    intercept: (_req, res) => {
      if (requests++ > 0) return false;
      res.writeHead(503, { 'retry-after': '2' }).end();
      return true;
    },
  });
  const startedAt = performance.now();
  await createPublisher({ url: server.httpUrl }).publish('agent_message', agentMessage(1), {
    timeoutMs: 60_000,
  });
  expect(performance.now() - startedAt).toBeGreaterThan(1990);
  expect(requests).toBe(2);
});

test('the error about a redirect that loses the body names its target', async () => {
  await using server = await startTestServer({
    intercept: (req, res) => {
      if (req.url?.startsWith('/elsewhere')) res.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
      else res.writeHead(301, { location: '/elsewhere' }).end();
      return true;
    },
  });
  const publish = createPublisher({ url: server.httpUrl }).publish('agent_message', agentMessage(1));
  await expect(publish).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/redirected to .*elsewhere/),
  });
});

/** A server that opens no WebSocket and answers all requests over HTTP with a status, and a page where it is no JSON. */
function answering(status: () => number, body = '<p>') {
  return startTestServer({
    admit: () => status() === 200,
    intercept: (_req, res) => {
      if (status() === 200) return false;
      res
        .writeHead(status(), { 'content-type': body === '<p>' ? 'text/html' : 'application/json' })
        .end(body);
      return true;
    },
  });
}

describe('a connection that is refused', () => {
  // A retry hurries no attempt that is under way: when that fails yet, the next one comes soon.
  beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.02));
  afterEach(() => void vi.restoreAllMocks());

  const wrong = {
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/wrong\/trpc answered with HTTP status 404/),
  };

  test('for a wrong address fails calls at once with its status and is reported to subscriptions; both go on once the address is right', async () => {
    let status = 404;
    await using server = await answering(() => status);
    await using client = connect({ url: `${server.url}/wrong` });
    const errors: [Error, boolean][] = [];
    const got: string[] = [];
    const subscription = client.on('agent_message', ({ data }) => got.push(data.message), {
      onError: (...each) => errors.push(each),
    });
    const calls = [
      client.publish('agent_message', agentMessage(1), { timeoutMs: 60_000 }),
      client.history({ timeoutMs: 60_000 }),
      subscription.ready,
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject(wrong);
    await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject(wrong);
    expect(errors).toMatchObject([[wrong, true]]);
    expect(client.connection.state).toMatchObject({ status: 'reconnecting', error: wrong });
    status = 200;
    client.connection.retry();
    await eventually(() => expect(client.connection.state.status).toBe('live'));
    // A connection is live before its subscriptions are.
    await eventually(() => expect(server.manager.stats().subscribers).toBe(1));
    await server.manager.publish('agent_message', agentMessage('later'));
    await eventually(() => expect(got).toEqual(['later']));
  });

  test('control: by a server that may come back makes calls wait, and the error has the status', async () => {
    let status = 502;
    await using server = await answering(() => status);
    await using client = connect({ url: server.wsUrl });
    const publish = client.publish('agent_message', agentMessage(1), { timeoutMs: 60_000 });
    await eventually(() =>
      expect(client.connection.state.error).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/HTTP status 502/),
      }),
    );
    status = 200;
    client.connection.retry();
    await publish;
  });

  test('by a server that does not admit the client is reported in the server’s words', async () => {
    const error = { json: { message: 'The server is not known by this name', code: -32603, data: {} } };
    await using server = await answering(() => 403, JSON.stringify({ error }));
    await using client = connect({ url: server.wsUrl });
    await expect(client.stats({ timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/HTTP status 403: The server is not known by this name/),
    });
  });

  test('by the server or a proxy, though tRPC answers over HTTP, is reported as such', async () => {
    await using server = await startTestServer({ admit: () => false });
    await using client = connect({ url: server.wsUrl, transports: ['ws'] });
    await eventually(() =>
      expect(client.connection.state.error).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(
          /the server refused the WebSocket, or a proxy does not pass on Upgrade/,
        ),
      }),
    );
  });
});

test('an invalid token ends the connection, and no request is made with it', async () => {
  await using server = await startTestServer();
  const token = (() => undefined) as unknown as () => string;
  await using client = connect({ url: server.wsUrl, token, onError: () => {} });
  await eventually(() => expect(client.connection.state).toMatchObject({ status: 'closed' }));
  expect(client.connection.state.error).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/token/),
  });
  for (const wrong of [token, 'a\nb', 'ä€']) {
    const publisher = createPublisher({ url: server.httpUrl, token: wrong });
    const publish = publisher.publish('agent_message', agentMessage(1));
    await expect(publish).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/token/),
    });
  }
  expect(server.tokens).toEqual([]);
});

test('a final error in mid-stream ends the stream, and a passing one is resumed', async () => {
  await using server = await startTestServer();
  const errors: [Error, boolean][] = [];
  await using client = connect({ url: server.wsUrl });
  client.on('any', () => {}, { topics: ['t-*'], onError: (...each) => errors.push(each) });
  for (let n = 0; n < 52; n++)
    await server.manager.publish('agent_message', agentMessage(n), { topic: `t-${n}` });
  await eventually(() => expect(errors.at(-1)?.[1]).toBe(false));
  expect(errors.at(-1)?.[0]).toBeInstanceOf(EventsError);
  expect(errors.at(-1)?.[0]).not.toMatchObject({ code: 'UNAVAILABLE' });
});
