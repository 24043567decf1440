import { describe, expect, test, vi } from 'vitest';
import { Beginnings } from '../../client/connection/wire.ts';
import type { EventsClient } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { connect, TRANSPORT } from './connect.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

const slowly = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 100));

/** A broker that takes its time to say where a topic is, as one at the other end of a network does; it stores at once. */
function slowToBegin(until = slowly): EventManager<typeof psycheEvents> {
  const broker = new MemoryBroker();
  const tail = broker.tail.bind(broker);
  broker.tail = async (...args) => {
    await until();
    return tail(...args);
  };
  return new EventManager({ broker, catalog: psycheEvents });
}

async function firstMessages(client: EventsClient, count: number): Promise<string[]> {
  const got: string[] = [];
  client.on('agent_message', ({ data }) => got.push(data.message));
  const publishes = Array.from({ length: count }, (_, n) => client.publish('agent_message', agentMessage(n)));
  await Promise.all(publishes);
  await eventually(() => expect(got.length).toBeGreaterThan(0));
  return got;
}

describe('a publish that follows a subscription is part of it', () => {
  test('on a fresh client', async () => {
    await using server = await startTestServer({ manager: slowToBegin() });
    await using client = connect({ url: server.wsUrl });
    expect((await firstMessages(client, 5))[0]).toBe('0');
  });

  test('over a connection that breaks before the subscription has begun', async () => {
    await using server = await startTestServer({ manager: slowToBegin() });
    await using client = connect({ url: server.wsUrl });
    const messages = firstMessages(client, 3);
    await eventually(() => expect(server.sockets.size + server.streams).toBe(1));
    server.drop();
    expect((await messages)[0]).toBe('0');
  });

  test('control: is gone before the subscription begins if it is sent at once', async () => {
    const hold = vi.spyOn(Beginnings.prototype, 'hold').mockReturnValue(null);
    let begin = (): void => {};
    const isStored = new Promise<void>((resolve) => (begin = resolve));
    await using server = await startTestServer({ manager: slowToBegin(() => isStored) });
    await using client = connect({ url: server.wsUrl });
    const got: string[] = [];
    const subscription = client.on('agent_message', ({ data }) => got.push(data.message));
    await client.publish('agent_message', agentMessage('first'));
    begin();
    await subscription.ready;
    await client.publish('agent_message', agentMessage('second'));
    await eventually(() => expect(got).toEqual(['second']));
    hold.mockRestore();
  });

  test('and keeps its order, whether it waits or not', async () => {
    await using server = await startTestServer({ manager: slowToBegin() });
    await using client = connect({ url: server.wsUrl });
    const got: string[] = [];
    client.on('agent_message', ({ data }) => got.push(data.message), {
      onSynced: () => void client.publish('agent_message', agentMessage('later')),
    });
    await client.publish('agent_message', agentMessage('earlier'));
    await eventually(() => expect(got).toEqual(['earlier', 'later']));
  });

  test('and is not delayed by a subscription that is refused or left', async () => {
    await using server = await startTestServer({ manager: slowToBegin() });
    await using client = connect({ url: server.wsUrl });
    client.on('any', () => {}, { since: 'nonsense', onError: () => {} });
    client.on('any', () => {}).unsubscribe();
    await client.publish('agent_message', agentMessage(1), { timeoutMs: 5000 });
  });
});

describe('ready', () => {
  test('resolves when the subscription has caught up', async () => {
    await using server = await startTestServer();
    await server.manager.publish('agent_message', agentMessage(1));
    await using client = connect({ url: server.wsUrl });
    const got: string[] = [];
    await client.on('agent_message', ({ data }) => got.push(data.message), { since: { last: 1 } }).ready;
    expect(got).toEqual(['1']);
  });

  test('[D12] comes before what others publish and it is to get; a connection that is live says less', async () => {
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    await using server = await startTestServer({ manager: slowToBegin(() => begun) });
    await using client = connect({ url: server.wsUrl });
    const got: string[] = [];
    const { ready } = client.on('agent_message', ({ data }) => got.push(data.message));
    await eventually(() => expect(client.connection.state.status).toBe('live'));
    await server.manager.publish('agent_message', agentMessage('while it is live'));
    begin();
    await ready;
    await server.manager.publish('agent_message', agentMessage('once it is ready'));
    await eventually(() => expect(got).toEqual(['once it is ready']));
  });

  test('rejects with the reason of a refusal, and with CLOSED when the subscription is left', async () => {
    await using server = await startTestServer();
    await using client = connect({ url: server.wsUrl });
    const statuses: string[] = [];
    const options = { since: 'nonsense', onError: () => {}, onStatus: (it: string) => statuses.push(it) };
    await expect(client.on('any', () => {}, options).ready).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(statuses.at(-1)).toBe('refused');
    const left = client.on('any', () => {});
    left.unsubscribe();
    await expect(left.ready).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('is no news to those who follow already: they stay live while another subscription begins or ends', async () => {
    await using server = await startTestServer();
    await using client = connect({ url: server.wsUrl });
    const statuses: string[] = [];
    const onSynced = vi.fn();
    const { ready } = client.on('any', () => {}, { onSynced, onStatus: (it) => statuses.push(it) });
    await ready;
    await eventually(() => expect(statuses).toEqual(['catching-up', 'live']));
    const other = client.on('agent_message', () => {});
    await other.ready;
    other.unsubscribe();
    if (TRANSPORT === 'sse') await eventually(() => expect(onSynced.mock.calls.length).toBeGreaterThan(1));
    await client.publish('agent_message', agentMessage('here'));
    expect(statuses).toEqual(['catching-up', 'live']);
  });
});
