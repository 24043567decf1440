import { expect, test, vi } from 'vitest';
import { wasSeen } from '../../client/reading/places.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

test('[D12] several topics arrive in order and once through lost connections, and handlers get the topic', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const seen: Record<string, string[]> = {};
  const synced: boolean[] = [];
  const handle = client.on(
    'agent_message',
    ({ data }, { topic }) => {
      seen[topic] = [...(seen[topic] ?? []), data.message];
    },
    { topics: ['run-*', 'news'], onSynced: ({ recovered }) => synced.push(recovered) },
  );
  await eventually(() => expect(synced).toHaveLength(1));
  const sent: Record<string, string[]> = {};
  for (let round = 0; round < 4; round++) {
    for (let n = 0; n < 30; n++) {
      const topic = ['run-1', `run-${round}`, 'news', 'elsewhere'][n % 4] ?? '';
      const message = `${round}-${n}`;
      if (topic !== 'elsewhere') sent[topic] = [...(sent[topic] ?? []), message];
      await server.manager.publish('agent_message', agentMessage(message), { topic });
      if (n === 15) server.drop();
    }
    await eventually(() => expect(client.connection.state.status).toBe('live'));
  }
  await eventually(() => expect(seen).toEqual(sent));
  expect(synced.length).toBeGreaterThan(1);
  expect(synced.every(Boolean)).toBe(true);
  expect(handle.cursor).toMatch(/^~/);
  // From there a loop goes on.
  await server.manager.publish('agent_message', agentMessage('on'), { topic: 'news' });
  for await (const { event } of client.stream({ topics: ['run-*', 'news'], since: handle.cursor ?? '' })) {
    if (event.event_type === 'stream_synced') continue;
    expect(event).toMatchObject({ topic: 'news', data: { message: 'on' } });
    break;
  }
});

test('[D12] a subscription to topics of which there is none yet resumes, and so does another one from its cursor', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  const seen: string[] = [];
  const errors: Error[] = [];
  const synced = vi.fn();
  const follow = (name: string, since?: string) =>
    client.on('agent_message', ({ data }) => seen.push(`${name} ${data.message}`), {
      topics: ['run-*'],
      since,
      onSynced: synced,
      onError: (error, willRetry) => willRetry || errors.push(error),
    });
  const first = follow('first');
  await first.ready;
  expect(first.cursor).toBe('~');
  server.drop();
  const second = follow('second', first.cursor ?? '');
  await second.ready;
  await eventually(() => expect(synced).toHaveBeenCalledTimes(3));
  await server.manager.publish('agent_message', agentMessage(1), { topic: 'run-1' });
  await eventually(() => expect(seen.sort()).toEqual(['first 1', 'second 1']));
  expect(errors).toEqual([]);
});

test('[D4] a gap names its topic', async () => {
  const manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 2 }), lingerMs: 1 });
  await using server = await startTestServer({ manager });
  await using client = connect({ url: server.wsUrl });
  const { cursor } = await client.publish('agent_message', agentMessage(1), { topic: 'a' });
  for (let n = 2; n <= 6; n++) await client.publish('agent_message', agentMessage(n), { topic: 'a' });
  const gaps: unknown[] = [];
  const since = `~a:${cursor}`;
  client.on('any', () => {}, {
    topics: ['a', 'b'],
    since,
    onGap: (gap, { topic }) => gaps.push([topic, gap]),
  });
  client.on('any', () => {}, {
    topic: 'a',
    since: cursor,
    onGap: (gap, { topic }) => gaps.push([topic, gap]),
  });
  const gap = { from: cursor, to: cursor.replace(/:1$/, ':4'), lost: 3, reason: 'trimmed' };
  await eventually(() =>
    expect(gaps).toEqual([
      ['a', gap],
      ['a', gap],
    ]),
  );
});

test('every and latestBy reach the server, and its refusal reaches the client', async () => {
  await using server = await startTestServer();
  await using client = connect({ url: server.wsUrl });
  for (let n = 1; n <= 3; n++) await client.publish('agent_message', agentMessage(n));
  const got: string[] = [];
  const lost: (number | null)[] = [];
  client.on('agent_message', ({ data }) => got.push(data.message), {
    every: 50,
    latestBy: 'agent_id',
    since: { last: 3 },
    onGap: (gap) => lost.push(gap.lost),
  });
  await eventually(() => expect([got, lost]).toEqual([['3'], [2]]));
  const errors: unknown[] = [];
  const path = 'nowhere' as 'agent_id';
  client.on('agent_message', () => {}, { every: 50, latestBy: path, onError: (error) => errors.push(error) });
  await eventually(() => expect(errors).toMatchObject([{ code: 'INVALID_FILTER' }]));
});

test.each<[string, string | null, boolean]>([
  ['e:3', null, false],
  ['e:3', 'e:3', true],
  ['e:3', 'e:2', false],
  ['f:1', 'e:2', false],
  ['~a:e:3~b:f:1', '~a:e:3~b:f:1', true],
  ['~a:e:3~b:f:1', '~a:e:3~b:f:2', true],
  ['~a:e:4~b:f:1', '~a:e:3~b:f:2', false],
  ['~a:e:3~b:f:1', '~a:e:3', false],
  ['~a:g:1~b:f:1', '~a:e:3~b:f:1', false],
  ['~', null, false],
  ['~', '~', true],
  ['~a:e:1', '~', false],
])('wasSeen(%s, %s) is %s', (cursor, last, expected) => {
  expect(wasSeen(cursor, last)).toBe(expected);
});
