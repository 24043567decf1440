import { expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { type Authenticate, Sessions, type Subject } from '../../server/index.ts';
import { CloseCode, EventsError } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { ALL, RawSocket } from './harness.ts';

/** A logger that keeps the lines of errors. */
function errorLines() {
  const lines: string[] = [];
  const ignore = () => {};
  const error = (_fields: object, message: string) => void lines.push(message);
  return { lines, logger: { debug: ignore, info: ignore, warn: ignore, error } };
}

/** The answer to a call over HTTP: its status, and all that it tells. */
async function asked(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/trpc/history`);
  return { status: response.status, text: await response.text() };
}

const returning = (answer: unknown): Authenticate => {
  return async () => answer as Subject; // the wrong answer is what is tested
};

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'subject: Invalid input: expected object, received undefined'],
  ['null', null, 'subject: Invalid input: expected object, received null'],
  ['a numeric id', { id: 42, claims: ALL }, 'subject.id: Invalid input: expected string, received number'],
  ['no claims', { id: 'alice' }, 'subject.claims: Invalid input: expected object, received undefined'],
  [
    'text as topics',
    { id: 'alice', claims: { ...ALL, topics: '*' } },
    'subject.claims.topics: Invalid input: expected array, received string',
  ],
  [
    'text as expiresAt',
    { id: 'alice', claims: ALL, expiresAt: '2099-01-01' },
    'subject.expiresAt: Invalid input: expected number, received string',
  ],
  [
    'NaN as expiresAt',
    { id: 'alice', claims: ALL, expiresAt: Number.NaN },
    'subject.expiresAt: Invalid input: expected number, received NaN',
  ],
  [
    'a Date as issuedAt',
    { id: 'alice', claims: ALL, issuedAt: new Date(0) },
    'subject.issuedAt: Invalid input: expected number, received Date',
  ],
])('an `authenticate` that returns %s lets nobody in, and the log says why', async (_, answer, fault) => {
  const { lines, logger } = errorLines();
  await using server = await startTestServer({}, { authenticate: returning(answer), logger });
  await using socket = new RawSocket(server.url);
  socket.call(1, 'query', 'history', {});
  expect(await socket.closed).toBe(CloseCode.UNAUTHENTICATED);
  expect(socket.reasons).toEqual(['UNAUTHENTICATED']);
  const { status, text } = await asked(server.url);
  expect(status).toBe(401);
  expect(JSON.parse(text)).toMatchObject({
    error: { json: { data: { reason: 'UNAUTHENTICATED', issues: [] } } },
  });
  // The clients are told nothing of the fault.
  for (const told of [text, JSON.stringify(socket.messages)])
    expect(told).not.toMatch(/subject|alice|expected|claims/);
  expect(lines).toEqual([expect.stringContaining(fault)]);
});

test('each kind of wrong answer is in the log once, however many clients ask', async () => {
  const { lines, logger } = errorLines();
  let answer: unknown = null;
  await using server = await startTestServer({}, { authenticate: async () => answer as Subject, logger });
  for (const next of [null, { id: 'alice' }, null, { id: 'bob' }, { id: 7, claims: {} }]) {
    answer = next;
    expect((await asked(server.url)).status).toBe(401);
  }
  expect(lines).toEqual([
    expect.stringContaining('subject: '),
    expect.stringContaining('subject.claims: '),
    expect.stringContaining('subject.id: '),
  ]);
  answer = { id: 'alice', claims: ALL }; // control: a right one is let in
  expect((await asked(server.url)).status).toBe(200);
  expect(lines).toHaveLength(3);
});

test('a session of a wrong subject is refused without a logger too', () => {
  expect(() => new Sessions().open({ id: 'alice' } as Subject)).toThrow(
    expect.objectContaining({ code: 'UNAUTHENTICATED' }),
  );
});

test.each<[string, Error, number, string | null, number]>([
  ['UNAUTHENTICATED', new EventsError('UNAUTHENTICATED', 'Sign in first.'), 401, 'UNAUTHENTICATED', 0],
  ['UNAVAILABLE', new EventsError('UNAVAILABLE', 'Try later.'), 503, 'UNAVAILABLE', 0],
  ['an error of its own', new Error('password of db is hunter2'), 500, null, 1],
])('an `authenticate` that throws %s', async (_, thrown, status, reason, logged) => {
  const { lines, logger } = errorLines();
  const authenticate: Authenticate = () => Promise.reject(thrown);
  await using server = await startTestServer({}, { authenticate, logger });
  const answer = await asked(server.url);
  expect(answer.status).toBe(status);
  const { message, data } = JSON.parse(answer.text).error.json;
  expect(data.reason).toBe(reason);
  // An error that nobody expected is for the log.
  expect(message).toBe(logged ? 'Internal server error' : thrown.message);
  expect(answer.text).not.toContain('hunter2');
  expect(lines).toHaveLength(logged);
});

test.each(['ws', 'sse'] as const)(
  'a client over %s is told that the server failed as it asked who it is, and comes in once that is mended',
  async (transport) => {
    const { lines, logger } = errorLines();
    let fails = true;
    const authenticate: Authenticate = async () => {
      if (fails) throw new Error('password of db is hunter2');
      return { id: 'alice', claims: ALL };
    };
    await using server = await startTestServer({}, { authenticate, logger });
    const client = createClient({ url: server.url, transports: [transport] });
    const { connection } = client;
    await expect
      .poll(() => connection.state.error)
      .toMatchObject({
        code: 'UNAVAILABLE',
        message: 'No connection: the server refused it: Internal server error',
      });
    await expect(client.history({ timeoutMs: 500 })).rejects.toThrow(/Internal server error/);
    expect(lines).toContain('A request failed');
    fails = false;
    connection.retry();
    await expect(client.history()).resolves.toMatchObject({ items: [] });
    await client.close();
  },
);
