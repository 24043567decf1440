import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { LogUnavailable } from '../../server/broker/broker.ts';
import { type Broker, createAppRouter } from '../../server/index.ts';
import { EventsError } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { RawSocket, takesTokens, token } from './harness.ts';

/** A server that logs all it can, with a procedure that fails; its log is in `lines`. */
async function startServer(onBroker: (broker: Broker) => void = () => {}) {
  const lines: string[] = [];
  const stream = new Writable({
    write(line, _, done) {
      lines.push(String(line));
      done();
    },
  });
  const server = await startTestServer(
    {},
    {
      authenticate: takesTokens,
      logger: pino({ level: 'trace' }, stream),
      application: ({ manager, broker }) => {
        onBroker(broker);
        const router = createAppRouter(manager, (procedure) => ({
          fail: procedure.query(() => {
            throw new Error('the password of the database is hunter2');
          }),
        }));
        return { router };
      },
    },
  );
  return { ...server, lines };
}

test('an unexpected error goes to the log, and clients get neither its message nor its stack', async () => {
  await using server = await startServer();
  const headers = { authorization: `Bearer ${await token()}` };
  const response = await fetch(`${server.url}/trpc/fail`, { headers });
  const text = await response.text();
  expect([response.status, text]).toEqual([500, expect.stringContaining('Internal server error')]);
  await using socket = new RawSocket(server.url, { token: await token() });
  socket.call(1, 'query', 'fail', {});
  await expect.poll(() => socket.messages[0]?.error?.json.message).toBe('Internal server error');
  const answers = text + JSON.stringify(socket.messages);
  expect(answers).not.toContain('hunter2');
  expect(answers).not.toContain('.test.ts');
  expect(server.lines.join()).toContain('hunter2'); // the control
});

test('clients learn that the log of events fails, but not its address or the cause', async () => {
  const [good, publish] = [await token(), vi.fn<Broker['publish']>()];
  await using server = await startServer((broker) => Object.assign(broker, { publish }));
  const told = async (error: EventsError) => {
    publish.mockRejectedValue(error);
    const answer = await fetch(`${server.url}/trpc/publish.agent_message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${good}` },
      body: JSON.stringify({ data: agentMessage('lost') }),
    });
    return `${answer.status} ${await answer.text()}`;
  };
  const words = '/srv/secret.db: database disk image is malformed.';
  const answer = await told(new LogUnavailable(words));
  expect(answer).toMatch(/^503 .*"reason":"UNAVAILABLE"/);
  expect(answer).not.toContain('secret.db');
  expect(server.lines.join()).toContain('secret.db');
  expect(await told(new EventsError('UNAVAILABLE', words))).toContain('secret.db'); // the control, and an application's own
});

test('the log contains no tokens and no payloads, whatever request is refused', async () => {
  await using server = await startServer();
  const [good, bad] = await Promise.all([token(), token({ audience: 'other' })]);
  const publish = async (message: string, bearer: string, query = '') =>
    (
      await fetch(`${server.url}/trpc/publish.agent_message${query}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${bearer}`,
          cookie: `psyche_token=${good}`,
        },
        body: JSON.stringify({ json: { data: { ...agentMessage(message), extra: message } } }),
      })
    ).status;
  expect(await publish('a-secret-payload', good)).toBe(400); // one field too many
  expect(await publish('a-secret-payload', bad)).toBe(401);
  expect(await publish('a-secret-payload', good, `?token=${good}`)).toBe(401);
  await using socket = new RawSocket(server.url, { token: bad });
  socket.call(1, 'mutation', 'publish.agent_message', { data: agentMessage('a-secret-payload') });
  await socket.closed;
  const log = server.lines.join();
  expect(log).toContain('INVALID_EVENT');
  expect(log).toContain('UNAUTHENTICATED');
  for (const secret of [good, bad, 'a-secret-payload']) expect(log).not.toContain(secret);
});
