import { expect, test, vi } from 'vitest';
import { createClient } from '../../client/index.ts';
import { takesTokens, token } from '../access/harness.ts';
import { eventually } from '../client/eventually.ts';
import { retrySoon } from '../client/retry-soon.ts';
import { freePort } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { startTestServer } from './harness.ts';

retrySoon();

function overStreams(url: string, theirs?: string | (() => Promise<string>)) {
  const client = createClient({ url, token: theirs, transports: ['sse'] });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** Asks for a stream as a program would that has no client of ours. */
function post(url: string, headers: Record<string, string> = {}, body = 'PING'): Promise<Response> {
  return fetch(`${url}/trpc`, { method: 'POST', headers, body });
}

test('a stream is refused where an upgrade is: pages of foreign origins, too many connections, too large a body', async () => {
  await using server = await startTestServer({ maxConnectionsPerAddress: 1 });
  expect((await post(server.url, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await post(server.url, {}, 'x'.repeat(2 ** 20 + 1))).status).toBe(413);
  const control = await post(server.url, { origin: server.url });
  expect(control.status).toBe(200);
  expect(control.headers.get('content-type')).toBe('text/event-stream');
  expect((await post(server.url)).status).toBe(429);
  await control.body?.cancel();
});

test('a client whose token is not valid is told so, and does not come back', async () => {
  await using server = await startTestServer({}, { authenticate: takesTokens });
  await using client = overStreams(server.url, 'wrong');
  await eventually(() => expect(client.connection.state.status).toBe('closed'));
  expect(client.connection.state.error).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('before its token expires a client moves to a stream with a fresh one, and loses nothing', async () => {
  await using server = await startTestServer({}, { authenticate: takesTokens });
  let asked = 0;
  await using client = overStreams(server.url, () => {
    asked++;
    return token({ expiresAt: Date.now() + 10_000 });
  });
  const got: string[] = [];
  await client.on('agent_message', ({ data }) => got.push(data.message)).ready;
  const statuses = new Set<string>();
  client.connection.subscribe(({ status }) => statuses.add(status));
  const [old] = server.broadcaster.connections;
  const sent: string[] = [];
  while (server.broadcaster.connections.some(({ id }) => id === old?.id)) {
    sent.push(`${sent.length}`);
    await server.manager.publish('agent_message', agentMessage(sent.length - 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await eventually(() => expect(got).toEqual(sent));
  expect(asked).toBe(2);
  expect([...statuses].filter((status) => status !== 'live')).toEqual([]);
});

test('a session that is revoked ends its stream for good', async () => {
  await using server = await startTestServer({}, { authenticate: takesTokens });
  await using client = overStreams(server.url, await token({ sub: 'mallory' }));
  const onError = vi.fn();
  await client.on('agent_message', () => {}, { onError }).ready;
  await server.sessions.revoke('mallory');
  await eventually(() => expect(client.connection.state.status).toBe('closed'));
  expect(client.connection.state.error?.message).toMatch(/4503 the session was revoked/);
  expect(onError).toHaveBeenCalledExactlyOnceWith(client.connection.state.error, false);
});

test('a server that stops is left at once, and takes no new stream; the client goes on at the next one', async () => {
  const first = await startTestServer({ port: await freePort() });
  await using client = overStreams(first.url);
  const got: string[] = [];
  await client.on('agent_message', ({ data }) => got.push(data.message)).ready;
  expect(first.broadcaster.connections).toMatchObject([{ subscriptions: 1 }]);
  await first.close();
  await eventually(() => expect(client.connection.state.status).toBe('reconnecting'));
  await using second = await startTestServer({ port: first.port });
  await eventually(() => expect(client.connection.state.status).toBe('live'));
  await second.manager.publish('agent_message', agentMessage('later'));
  await eventually(() => expect(got).toEqual(['later']));
});
