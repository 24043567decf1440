import { expect, test } from 'vitest';
import type { Claims } from '../../server/index.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage, systemStatus } from '../support/events.ts';
import { ALL, RawSocket, takesTokens, token } from './harness.ts';

async function startServer() {
  const server = await startTestServer({}, { authenticate: takesTokens });
  const { manager } = server;
  const say = (topic: string, text = topic) =>
    manager.publish('agent_message', agentMessage(text), { topic });
  for (const topic of ['team-1', 'team-2', 'other', '_team']) await say(topic);
  await manager.publish('system_status', systemStatus(), { topic: 'team-1' });
  return { ...server, say };
}

const connect = async (url: string, claims: Claims) => new RawSocket(url, { token: await token({ claims }) });

const textsOf = (socket: RawSocket) =>
  socket.messages.flatMap(({ result }) => {
    const item = result?.data?.json.data;
    return item?.event_type === 'agent_message' ? [item.data['message']] : [];
  });

test('a pattern gives only the topics that the claims allow, including topics that appear later', async () => {
  await using server = await startServer();
  await using socket = await connect(server.url, { ...ALL, topics: ['team-*'] });
  socket.subscribe(1, { topics: ['*', '_*'], since: { last: 5 } }, 'on.agent_message');
  await expect.poll(() => socket.synced).toBe(true);
  expect(textsOf(socket).sort()).toEqual(['team-1', 'team-2']);
  for (const topic of ['elsewhere', '_more', 'team-3', 'other']) await server.say(topic, `later ${topic}`);
  await expect.poll(() => textsOf(socket).at(-1)).toBe('later team-3');
  await server.say('team-1', 'last');
  await expect.poll(() => textsOf(socket).at(-1)).toBe('last');
  expect(textsOf(socket)).toHaveLength(4);
});

test('control: with claims to all topics a pattern gives all of them, and private ones only by name', async () => {
  await using server = await startServer();
  await using socket = await connect(server.url, { ...ALL, topics: ['*', '_team'] });
  socket.subscribe(1, { topics: ['*', '_team'], since: { last: 5 } }, 'on.agent_message');
  await expect.poll(() => socket.synced).toBe(true);
  expect(textsOf(socket).sort()).toEqual(['_team', 'other', 'team-1', 'team-2']);
});

test('a forbidden topic among the named ones refuses the whole subscription', async () => {
  await using server = await startServer();
  await using socket = await connect(server.url, { ...ALL, topics: ['team-*'] });
  socket.subscribe(1, { topics: ['team-1', 'other'] });
  await expect.poll(() => socket.reasons).toEqual(['FORBIDDEN']);
});

test('the claims’ types and filter apply to each topic', async () => {
  await using server = await startServer();
  const claims: Claims = { ...ALL, subscribe: ['agent_*'], filter: { message: { prefix: 'team-2' } } };
  await using socket = await connect(server.url, claims);
  socket.subscribe(1, { topics: ['team-*', 'other'], since: { last: 5 } });
  await expect.poll(() => socket.synced).toBe(true);
  expect(socket.events).toEqual(['agent_message']);
  expect(textsOf(socket)).toEqual(['team-2']);
  socket.subscribe(2, { topics: ['team-*'], types: ['system_status'] });
  await server.say('team-2', 'team-2 again');
  await expect.poll(() => textsOf(socket).at(-1)).toBe('team-2 again');
  expect(socket.events).not.toContain('system_status');
});

test('[D12] a cursor that names a forbidden topic gives no access to it', async () => {
  await using server = await startServer();
  const { cursor } = await server.say('other');
  const forged = `~other:${cursor.replace(/\d+$/, '0')}`;
  await using socket = await connect(server.url, { ...ALL, topics: ['team-*'] });
  socket.subscribe(1, { topics: ['*'], since: forged }, 'on.agent_message');
  await expect.poll(() => socket.synced).toBe(true);
  expect(textsOf(socket)).not.toContain('other');
});
