import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createPublisher } from '../../client/index.ts';
import { EventManager, loadConfig, MemoryBroker, type RunningServer } from '../../server/index.ts';
import { defineEvents, type PublishAs, versions } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { Collector } from '../support/collect.ts';
import { newCatalog } from './newer-versions.ts';

const HELD = { note: 1 };
/** Values that the type of `publishAs` does not let through. */
const wrong = (publishAs: object) => publishAs as PublishAs<typeof newCatalog>;

async function stored(broker: MemoryBroker) {
  const { epoch } = await broker.bounds('default');
  const { records } = await broker.read('default', { epoch, seq: 0 }, 100);
  return records.map(({ json, version = 1 }) => ({ version, data: JSON.parse(json).data }));
}

describe('publishAs', () => {
  test('[V4] holds a manager’s publishers at an older version; subscribers of the process get the newest', async () => {
    const broker = new MemoryBroker();
    await using manager = disposable(new EventManager({ broker, catalog: newCatalog, publishAs: HELD }));
    using stream = new Collector((signal) => manager.subscribe({ signal }));
    await stream.count(1);
    await manager.publish('note', { text: 'a' });
    await manager.publish('note', { message: 'b' } as never); // as publishers of version 1 send it
    await manager.publishBatch([
      { event_type: 'note', data: { text: 'c' } },
      { event_type: 'other', data: { n: 1 } },
    ]);
    await stream.count(5);
    expect(stream.items.slice(1).map(({ data }) => data)).toEqual([
      { text: 'a' },
      { text: 'b' },
      { text: 'c' },
      { n: 1 },
    ]);
    expect(await stored(broker)).toEqual([
      { version: 1, data: { message: 'a' } },
      { version: 1, data: { message: 'b' } },
      { version: 1, data: { message: 'c' } },
      { version: 1, data: { n: 1 } },
    ]);
  });

  test('[V4] holds a publisher straight to a broker', async () => {
    const broker = new MemoryBroker();
    const publisher = createPublisher({ broker, catalog: newCatalog, publishAs: HELD });
    await publisher.publish('note', { text: 'a' });
    await publisher.publishBatch([{ event_type: 'note', data: { text: 'b' } }]);
    await publisher.close();
    expect(await stored(broker)).toEqual([
      { version: 1, data: { message: 'a' } },
      { version: 1, data: { message: 'b' } },
    ]);
  });

  test('[V4] holds a server, by its configuration, and takes what old and new clients send', async () => {
    await using server = await startTestServer({ publishAs: HELD }, { catalog: newCatalog });
    const publish = async (data: object) => {
      const response = await fetch(`${server.url}/trpc/publish.note`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ data }),
      });
      return response.status;
    };
    expect(await Promise.all([publish({ message: 'a' }), publish({ text: 'b' }), publish({ c: 1 })])).toEqual(
      [200, 200, 400],
    );
    const page = await (await fetch(`${server.url}/trpc/history`)).text();
    expect(page).toContain('"data":{"text":"a"}');
    expect(page).toContain('"data":{"text":"b"}');
  });

  test('takes annotated data that only the older version has', async () => {
    const catalog = defineEvents({
      e: versions(z.object({ tags: z.set(z.string()) }), [
        z.object({ tags: z.array(z.string()) }),
        ({ tags }) => ({ tags: [...tags] }),
      ]),
    });
    await using server = await startTestServer({ publishAs: { e: 1 } }, { catalog });
    const response = await fetch(`${server.url}/trpc/publish.e`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ json: { data: { tags: ['a'] } }, meta: { values: { 'data.tags': ['set'] } } }),
    });
    expect(response.status).toBe(200);
    expect(await (await fetch(`${server.url}/trpc/history`)).text()).toContain('"data":{"tags":["a"]}');
  });

  test.each<[object, RegExp]>([
    [{ note: 3 }, /publishAs asks for version 3 of note; the catalog has 1 to 2/],
    [{ note: 0 }, /version 0 of note/],
    [{ note: 1.5 }, /version 1.5 of note/],
    [{ other: 2 }, /version 2 of other; the catalog has 1 to 1/],
    [{ nothing: 1 }, /publishAs names nothing, which the catalog does not have; it has note, other$/],
    [{ constructor: 1 }, /publishAs names constructor/],
  ])('refuses %j', async (publishAs, message) => {
    const broker = new MemoryBroker();
    const options = { broker, catalog: newCatalog, publishAs: wrong(publishAs) };
    expect(() => new EventManager(options)).toThrow(TypeError);
    expect(() => new EventManager(options)).toThrow(message);
    expect(() => createPublisher(options)).toThrow(message);
  });

  test('without a way back is warned of, and the data that is refused is told why', async () => {
    const catalog = defineEvents({
      ...newCatalog.schemas,
      e: versions(z.object({ a: z.string() }), [z.object({ b: z.string() }), ({ a }) => ({ b: a })]),
    });
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const broker = new MemoryBroker();
    const publishAs = { note: 1, e: 1 }; // a note has a way back
    await using manager = disposable(new EventManager({ broker, catalog, publishAs, logger }));
    expect(logger.warn.mock.calls.map(([, message]) => message)).toEqual([
      expect.stringMatching(
        /^publishAs holds e at version 1, and it has no way back from 2 to 1: data of ver/,
      ),
    ]);
    await manager.publish('e', { a: 'old' } as never);
    await expect(manager.publish('e', { b: 'new' })).rejects.toMatchObject({
      code: 'INVALID_EVENT',
      message: expect.stringMatching(/^Invalid e: data\.a: .*; e is held at version 1 by publishAs$/),
      issues: [expect.objectContaining({ path: ['data', 'a'] })],
    });
    await using _ = disposable(new EventManager({ broker, catalog, publishAs: { e: 2 }, logger }));
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  test('keeps a server from starting with a version that there is not', async () => {
    const start = (): Promise<RunningServer> =>
      startTestServer({ publishAs: { note: 3 } }, { catalog: newCatalog });
    await expect(start()).rejects.toThrow(/startServer \(PUBLISH_AS\): publishAs asks for version 3 of note/);
  });

  test('is a variable too', () => {
    expect(loadConfig({}, {}).publishAs).toEqual({});
    const config = loadConfig({}, { PUBLISH_AS: 'note:1, other:12' });
    expect(config.publishAs).toEqual({ note: 1, other: 12 });
    for (const text of ['note', 'note:', 'note:x', 'note:0', 'note:1:2', 'note=1', ',', 'note:1,note:2']) {
      expect(() => loadConfig({}, { PUBLISH_AS: text }), text).toThrow(
        'PUBLISH_AS must be events with one version each, such as agent_message:1,system_status:2.',
      );
    }
    expect(() => loadConfig({ publishAs: { note: 0.5 } }, {})).toThrow(/publishAs must be events/);
  });
});

function disposable<M extends { close(): Promise<void> }>(manager: M): M & AsyncDisposable {
  return Object.assign(manager, { [Symbol.asyncDispose]: () => manager.close() });
}
