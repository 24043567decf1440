import { describe, expect, test } from 'vitest';
import { createPublisher } from '../../client/index.ts';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/index.ts';
import { startForeignApp } from '../support/foreign-app.ts';
import { dreams, foreignRouter } from '../support/foreign-router.ts';
import { connect } from './connect.ts';
import { startTestServer } from './test-server.ts';

describe('an event that the catalog does not have', () => {
  const unknown = {
    code: 'UNKNOWN_EVENT',
    message: 'No event is named "nope". The catalog has: agent_message, network_update, system_status.',
    issues: [{ path: ['event_type'] }],
  };

  test('is reported to a subscriber or publisher with the names that exist', async () => {
    await using server = await startTestServer();
    await using client = connect<AnyCatalog>({ url: server.wsUrl });
    const ends: [Error, boolean][] = [];
    const subscription = client.on('nope', () => {}, { onError: (...end) => ends.push(end) });
    await expect(subscription.ready).rejects.toMatchObject(unknown);
    expect(ends).toMatchObject([[unknown, false]]);
    await expect(client.publish('nope', {})).rejects.toMatchObject(unknown);
    const publisher = createPublisher<AnyCatalog>({ url: server.httpUrl });
    await expect(publisher.publish('nope', {})).rejects.toMatchObject(unknown);
  });

  test('control: is not confused with any other unknown procedure', async () => {
    await using server = await startTestServer();
    const response = await fetch(`${server.httpUrl}/nope`);
    expect(await response.json()).toMatchObject({ error: { json: { data: { reason: null } } } });
  });

  test('is reported with a hint in an application’s own router, which has its own errors', async () => {
    const manager = new EventManager({ catalog: dreams, broker: new MemoryBroker() });
    await using app = await startForeignApp(foreignRouter(manager));
    await using client = connect<AnyCatalog>({
      url: app.wsUrl,
      path: 'events',
      connectionParams: { user: 'Ada' },
    });
    const subscription = client.on('nope', () => {}, { onError: () => {} });
    await expect(subscription.ready).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/"events\.on\.nope". Check that this event exists, and that `path`/),
    });
    await manager.close();
  });
});
