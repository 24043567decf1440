import superjson from 'superjson';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../client/index.ts';
import { defineEvents } from '../../shared/index.ts';
import { httpClient, startTestServer, wsClient } from '../app/harness.ts';

const catalog = defineEvents({ open: z.object({ it: z.unknown(), at: z.date() }) });
const JSON_TYPE = { 'content-type': 'application/json' };
const at = '2026-01-01T00:00:00.000Z';

test.each(['constructor', 'prototype', '__proto__'])(
  'a field named %s is data for every reader',
  async (name) => {
    await using server = await startTestServer({}, { catalog });
    const it = JSON.parse(`{"${name}":{"${name}":"clay"},"list":[{"${name}":1}]}`) as object;
    const body = `{"json":{"data":{"it":${JSON.stringify(it)},"at":"${at}"}},"meta":{"values":{"data.at":["Date"]},"v":1}}`;
    const stored = await fetch(`${server.url}/trpc/publish.open`, {
      method: 'POST',
      headers: JSON_TYPE,
      body,
    });
    expect(stored.status).toBe(200);
    const written = `"it":${JSON.stringify(it)}`;

    const history = await (await fetch(`${server.url}/trpc/history`)).text();
    expect(history).toContain(written);
    const since = encodeURIComponent('{"since":{"last":1}}');
    const stream = await fetch(`${server.url}/trpc/on.any?input=${since}`);
    const reader = stream.body?.getReader();
    let text = '';
    while (!text.includes('stream_synced'))
      text += Buffer.from((await reader?.read())?.value ?? []).toString();
    await reader?.cancel();
    expect(text).toContain(written);

    const own = createClient({ url: `${server.url.replace('http', 'ws')}/trpc`, catalog });
    const page = await own.history();
    expect(page.items.map(({ event }) => JSON.stringify(event.data.it))).toEqual([JSON.stringify(it)]);
    expect(page.items[0]?.event.data.at).toEqual(new Date(at));
    const { cursor } = await own.publish('open', { it, at: new Date(at) });
    expect(cursor).toMatch(/:2$/);
    await expect(
      own.publish('open', { it: { [name]: new Date(at) }, at: new Date(at) }),
    ).rejects.toMatchObject({
      name: 'EventsError',
      code: 'INVALID_EVENT',
    });
    await own.close();

    // superjson leaves __proto__ out when it reads, and no more than that.
    await using socket = wsClient(server.url);
    for (const trpc of [httpClient(server.url), socket.trpc]) {
      const items = await trpc.history.query().then(({ items }) => items.length);
      expect(items).toBe(2);
    }
    expect({}).not.toHaveProperty('list');
  },
);

test('control: superjson cannot write such an event', () => {
  expect(() => superjson.serialize({ items: [{ constructor: 'clay' }] } as never)).toThrow();
});
