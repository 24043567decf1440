import { expect, test, vi } from 'vitest';
import { FeedStore } from '../../../client/store/feed-store.ts';
import type { MemoryBroker } from '../../../server/index.ts';
import { openCatalog as catalog, type OpenCatalog, openSet, openWorld } from '../../open/world.ts';
import { connect } from '../connect.ts';
import { eventually } from '../eventually.ts';
import { retrySoon } from '../retry-soon.ts';
import { startTestServer } from '../test-server.ts';

retrySoon();

const topic = 'run-42';

/** A store over a client of its own, which the test closes, and the names of those who are in the topic. */
function storeAt(url: string, broker: MemoryBroker) {
  const client = connect({ url, catalog });
  const onError = vi.fn<(error: Error) => void>();
  const store = new FeedStore<OpenCatalog>({ connect: () => client, closes: false, lingerMs: 1, onError });
  const present = async () =>
    (await openSet({ broker }, topic)).map(({ entry }) => JSON.parse(entry.json).data);
  return { client, store, onError, present, [Symbol.asyncDispose]: () => client.close() };
}

test('data that was refused keeps no component from joining with other data, nor with that of those before', async () => {
  const world = openWorld();
  await using server = await startTestServer({ catalog, manager: world.manager });
  await using joined = storeAt(server.wsUrl, world.broker);
  const { store, onError, present } = joined;
  const leaves = [
    store.join('viewer', topic, { name: 'Ada' }),
    store.join('viewer', topic, { name: 7 as never }),
  ];
  // Both joined at once: Ada's data is the first that is sent.
  await eventually(async () => expect(await present()).toEqual([{ name: 'Ada' }]));
  for (const leave of leaves.toReversed()) leave();
  await eventually(async () => expect(await present()).toEqual([]));

  onError.mockClear();
  const leaveRefused = store.join('viewer', topic, { name: 7 as never });
  await eventually(() => expect(onError.mock.calls).toMatchObject([[{ code: 'INVALID_EVENT' }]]));
  const leave = store.join('viewer', topic, { name: 'Ada' });
  leaveRefused();
  await eventually(async () => expect(await present()).toEqual([{ name: 'Ada' }]));
  leave();
  await eventually(async () => expect(await present()).toEqual([]));
});

test('an onError of a store that throws keeps nobody from joining', async () => {
  const told = vi.spyOn(console, 'error').mockReturnValue();
  const world = openWorld();
  await using server = await startTestServer({ catalog, manager: world.manager });
  await using joined = storeAt(server.wsUrl, world.broker);
  const { store, onError, present } = joined;
  const failed = new Error('onError');
  onError.mockImplementation(() => {
    throw failed;
  });
  const leaveRefused = store.join('viewer', topic, { name: 7 as never });
  await eventually(() => expect(onError).toHaveBeenCalled());
  const leave = store.join('viewer', topic, { name: 'Ada' });
  leaveRefused();
  await eventually(async () => expect(await present()).toEqual([{ name: 'Ada' }]));
  expect(told.mock.calls).toEqual([[failed]]);
  leave();
  await eventually(async () => expect(await present()).toEqual([]));
});

test('a component that joined before a server was at the address is there once one is, and its error is told once', async () => {
  vi.spyOn(console, 'warn').mockReturnValue();
  let isThere = false;
  const world = openWorld();
  await using server = await startTestServer({
    ...{ catalog, manager: world.manager },
    admit: () => isThere,
    intercept: (_, res) => {
      if (!isThere) res.writeHead(404, { 'content-type': 'text/html' }).end('nothing here');
      return !isThere;
    },
  });
  await using joined = storeAt(server.wsUrl, world.broker);
  const { client, store, onError, present } = joined;
  const leave = store.join('viewer', topic, { name: 'Ada' });
  await eventually(() => expect(onError.mock.calls).toMatchObject([[{ code: 'INVALID_OPTION' }]]));
  const leaveOther = store.join('viewer', topic, { name: 'Eve' });
  isThere = true;
  await eventually(() => {
    client.connection.retry();
    expect(client.connection.state.status).toBe('live');
  });
  await eventually(async () => expect(await present()).toEqual([{ name: 'Eve' }]));
  expect(onError).toHaveBeenCalledOnce();
  leave();
  leaveOther();
  await eventually(async () => expect(await present()).toEqual([]));
});
