import { afterEach, expect, test, vi } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { type Clock, systemClock } from '../../shared/index.ts';
import { FakeClock } from '../simulation/fake-clock.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const FAST = 1_000_000;

/** @param clock of the server, by which a replay pauses */
async function startServer(count: number, clock: Clock = systemClock) {
  const manager = new EventManager({ broker: new MemoryBroker(), clock });
  const server = await startTestServer({ manager });
  for (let n = 0; n < count; n++) {
    const timestamp = new Date(n * 60_000).toISOString();
    await server.manager.publish('agent_message', agentMessage(n), { timestamp });
  }
  return server;
}

test('[D12] a replay goes on through lost connections, yields each event once, and ends', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01);
  await using server = await startServer(300);
  await using client = connect({ url: server.wsUrl });
  const seen: string[] = [];
  let last = '';
  for await (const { event } of client.replay({ speed: FAST, bufferSize: 7 })) {
    if (event.event_type === 'agent_message') seen.push(event.data.message);
    if (seen.length === 50 || seen.length === 200) server.drop();
    last = event.event_type;
  }
  expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => `${n}`));
  expect(last).toBe('stream_synced');
});

test.each([1, 2, 4])(
  'a replay ends, with one stream_synced, though that is what fills a buffer of %d',
  async (bufferSize) => {
    await using server = await startServer(3);
    await using client = connect({ url: server.wsUrl });
    const seen: string[] = [];
    for await (const { event } of client.replay({ speed: FAST, bufferSize })) {
      seen.push(event.event_type);
      expect(seen.length).toBeLessThan(5);
    }
    expect(seen).toEqual(['agent_message', 'agent_message', 'agent_message', 'stream_synced']);
  },
);

test('leaving the loop stops the replay at the server, even in the middle of a pause', async () => {
  const clock = new FakeClock();
  await using server = await startServer(2, clock); // a minute apart
  await using client = connect({ url: server.wsUrl });
  for await (const { event } of client.replay()) {
    expect(event).toMatchObject({ data: { message: '0' } });
    await eventually(() => expect(clock.timers).toBe(1)); // the pause
    break;
  }
  await eventually(() => expect(clock.timers).toBe(0));
});

test('invalid options make the replay throw', async () => {
  await using server = await startServer(1);
  await using client = connect({ url: server.wsUrl });
  const replay = client.replay({ speed: -1 })[Symbol.asyncIterator]();
  await expect(replay.next()).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('speed'),
  });
});
