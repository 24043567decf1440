import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { apiKeys, MemoryBroker, Sessions } from '../../server/index.ts';
import { CloseCode } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage } from '../support/events.ts';
import { ALL, apiKey, RawSocket, takesTokens, token } from './harness.ts';

/** Servers that share a log. */
async function startServers() {
  const options = { redisUrl: inject('redisUrl'), redisPrefix: `access-${randomUUID()}` };
  const start = () => startTestServer(options, { authenticate: takesTokens });
  const [here, there] = await Promise.all([start(), start()]);
  return {
    here,
    there,
    start,
    [Symbol.asyncDispose]: async () => void (await Promise.all([here.close(), there.close()])),
  };
}

async function publish(url: string): Promise<void> {
  const response = await fetch(`${url}/trpc/publish.agent_message`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await token({ sub: 'publisher' })}`,
    },
    body: JSON.stringify({ json: { data: agentMessage('after') } }),
  });
  expect(response.status).toBe(200);
}

test('a revoked subject is disconnected at once on every server, and others stay connected', async () => {
  await using servers = await startServers();
  const { here, there } = servers;
  const alices = await token({ sub: 'alice' });
  await using aliceHere = new RawSocket(here.url, { token: alices });
  await using aliceThere = new RawSocket(there.url, { token: alices });
  await using bobThere = new RawSocket(there.url, { token: await token({ sub: 'bob' }) });
  for (const socket of [aliceHere, aliceThere, bobThere]) {
    socket.subscribe(1, {});
    await expect.poll(() => socket.synced).toBe(true);
  }
  await here.sessions.revoke('alice');
  expect(await Promise.all([aliceHere.closed, aliceThere.closed])).toEqual([
    CloseCode.FORBIDDEN,
    CloseCode.FORBIDDEN,
  ]);
  await publish(here.url);
  await expect.poll(() => bobThere.events).toEqual(['agent_message']);
  expect([...aliceHere.events, ...aliceThere.events]).toEqual([]);

  // Her token does not let her in again, on a server that starts later neither; a later one does.
  await using later = await servers.start();
  for (const { url } of [here, there, later]) {
    await using again = new RawSocket(url, { token: alices });
    expect(await again.closed).toBe(CloseCode.UNAUTHENTICATED);
  }
  const fresh = await token({ sub: 'alice' });
  await using back = new RawSocket(later.url, { token: fresh });
  back.subscribe(1, {});
  await expect.poll(() => back.synced).toBe(true);
});

test('server-sent events of a revoked subject end with UNAUTHORIZED', async () => {
  await using server = await startTestServer({}, { authenticate: takesTokens });
  const headers = { authorization: `Bearer ${await token()}` };
  const stream = await fetch(`${server.url}/trpc/on.any`, { headers });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error('no stream');
  let text = '';
  while (!text.includes('stream_synced')) text += (await reader.read()).value ?? '';
  await server.sessions.revoke('alice');
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  expect(text).toContain('"code":"UNAUTHORIZED"');
});

test('a revoked API key is disconnected, and may come back until it is removed from the list', async () => {
  await using server = await startTestServer({}, { authenticate: apiKeys([apiKey('dashboard', 'key')]) });
  await using first = new RawSocket(server.url, { token: 'key' });
  first.subscribe(1, {});
  await expect.poll(() => first.synced).toBe(true);
  await server.sessions.revoke('dashboard');
  expect(await first.closed).toBe(CloseCode.FORBIDDEN);
  await using second = new RawSocket(server.url, { token: 'key' });
  second.subscribe(1, {});
  await expect.poll(() => second.synced).toBe(true);
});

test('an invalid record on the control topic revokes nobody', async () => {
  const broker = new MemoryBroker();
  const sessions = new Sessions({ broker });
  await sessions.start();
  const session = sessions.open({ id: 'alice', claims: ALL });
  const data = { subject: 'alice', at: Date.now() };
  const entries = [
    { type: 'agent_message', id: '1', json: JSON.stringify({ data }) },
    { type: 'access.revoked', id: '2', json: 'garbage' },
    { type: 'access.revoked', id: '3', json: JSON.stringify({ data: { subject: 7, at: 'never' } }) },
  ];
  await broker.publish('_access', entries);
  expect(session.signal.aborted).toBe(false);
  await broker.publish('_access', [{ type: 'access.revoked', id: '4', json: JSON.stringify({ data }) }]);
  expect(session.signal.aborted).toBe(true);
  sessions.close();
  await broker.close();
});
