import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { apiKeys } from '../../server/index.ts';
import { apiKey, RawSocket } from '../access/harness.ts';
import { startTestServer } from '../app/harness.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

type Line = Record<string, unknown> & { msg: string };

/** A server that logs at a level; what it logged is in `lines`. */
async function startServer(level: 'debug' | 'info') {
  const lines: Line[] = [];
  const stream = new Writable({
    write(line, _, done) {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const claims = { publish: ['*'], subscribe: ['agent_*', 'system_status'], topics: ['*'] };
  const server = await startTestServer(
    {},
    {
      logger: pino({ level }, stream),
      authenticate: apiKeys([
        apiKey('alice', 'key-of-alice', claims),
        apiKey('bob', 'key-of-bob', { ...claims, filter: { agent_id: { ne: 'x' } }, subscribe: ['agent_*'] }),
      ]),
    },
  );
  const publish = async (type: string, data: object) => {
    const answer = await fetch(`${server.url}/trpc/publish.${type}`, {
      method: 'POST',
      headers: { authorization: 'Bearer key-of-alice', 'content-type': 'application/json' },
      body: JSON.stringify({ json: { data } }),
    });
    const cursor: string | undefined = JSON.parse(await answer.text()).result?.data.json.cursor;
    return { request: answer.headers.get('x-request-id'), cursor };
  };
  return { ...server, lines, publish };
}

test('LOG_LEVEL=debug logs who got an event and who did not, with the reason and without what is in it', async () => {
  await using server = await startServer('debug');
  const { lines } = server;
  await using socket = new RawSocket(server.url, { token: 'key-of-alice' });
  await using restricted = new RawSocket(server.url, { token: 'key-of-bob' });
  socket.subscribe(7, { types: ['agent_message'], filter: { message: { ne: 'unwanted' } } });
  restricted.subscribe(8, {});
  await expect.poll(() => socket.synced && restricted.synced).toBe(true);
  const wanted = await server.publish('agent_message', agentMessage('a-secret-payload'));
  const unwanted = await server.publish('agent_message', agentMessage('unwanted'));
  const status = await server.publish('system_status', systemStatus());
  await expect.poll(() => lines.filter(({ cursor }) => cursor === status.cursor).length).toBe(2);

  const name = lines.find(
    ({ msg, subscriber }) => msg === 'Subscriber started' && String(subscriber).endsWith('/7'),
  )?.['subscriber'];
  const connection = String(name).split('/')[0];
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'A client connected', connection }));
  expect(lines).toContainEqual(
    expect.objectContaining({ msg: 'Subscriber is live', subscriber: name, recovered: true }),
  );
  const fate = (cursor: string | undefined) =>
    lines
      .filter((line) => line['cursor'] === cursor && (line['subscribers'] as string[]).includes(String(name)))
      .map(({ msg, why }) => [msg, why]);
  expect(fate(wanted.cursor)).toEqual([['Event delivered', undefined]]);
  expect(fate(unwanted.cursor)).toEqual([['Event not delivered', 'filter']]);
  expect(fate(status.cursor)).toEqual([['Event not delivered', 'type']]);
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'Access granted',
      subject: 'bob',
      action: 'subscribe',
      types: ['agent_message'],
      withheld: ['network_update', 'system_status'],
      filtered: true,
    }),
  );

  // From the log: which of it, and from where.
  await using late = new RawSocket(server.url, { token: 'key-of-alice' });
  late.subscribe(9, {
    since: { last: 1 },
    types: ['agent_message'],
    filter: { message: { ne: 'unwanted' } },
  });
  await expect.poll(() => late.synced).toBe(true);
  // In one step, or in several on a busy machine.
  const read = lines.filter(
    ({ msg, subscriber }) => msg === 'Subscriber read from the log' && String(subscriber).endsWith('/9'),
  );
  const sum = (name: string): number => read.reduce((all, line) => all + Number(line[name]), 0);
  expect(read.at(-1)).toMatchObject({ to: status.cursor });
  expect([sum('delivered'), sum('ofOtherTypes'), sum('filteredOut')]).toEqual([1, 1, 1]);

  const refused = await server.publish('agent_message', { agent_id: 'a-secret-payload' });
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'A request was refused',
      code: 'INVALID_EVENT',
      request: refused.request,
    }),
  );
  socket.call(10, 'mutation', 'publish.agent_message', { data: {} });
  await expect
    .poll(() => lines)
    .toContainEqual(
      expect.objectContaining({ msg: 'A request was refused', code: 'INVALID_EVENT', connection }),
    );
  expect(JSON.stringify(lines)).not.toContain('a-secret-payload');
});

test('control: LOG_LEVEL=info logs none of that', async () => {
  await using server = await startServer('info');
  await using socket = new RawSocket(server.url, { token: 'key-of-alice' });
  socket.subscribe(7, {});
  await expect.poll(() => socket.synced).toBe(true);
  await server.publish('agent_message', agentMessage('x'));
  await expect.poll(() => socket.events.length).toBe(1);
  expect(
    server.lines.filter(
      ({ msg }) => !msg.startsWith('Server listening') && !msg.startsWith('Events are kept'),
    ),
  ).toEqual([]);
});
