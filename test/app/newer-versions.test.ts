import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { createClient } from '../../client/index.ts';
import {
  type ApplicationContext,
  type Broker,
  createAppRouter,
  type ServerOptions,
} from '../../server/index.ts';
import { toLogEntry } from '../../shared/index.ts';
import { FakeClock } from '../simulation/fake-clock.ts';
import { newCatalog, oldCatalog, WAIT_MS } from '../versions/newer-versions.ts';
import { startTestServer } from './harness.ts';

type Catalog = typeof oldCatalog | typeof newCatalog;

/** A server, its broker, and its clock. */
async function start<C extends Catalog>(catalog: C, options: ServerOptions = {}) {
  const clock = new FakeClock();
  let broker: Broker | undefined;
  const application = (context: ApplicationContext<C>) => {
    broker = context.broker;
    return { router: createAppRouter(context.manager) };
  };
  const server = await startTestServer(options, { catalog, clock, application });
  onTestFinished(() => server.close());
  const publish = async (text: string, topic = 'default'): Promise<void> => {
    await broker?.publish(topic, [toLogEntry(newCatalog, { event_type: 'note', data: { text } })]);
  };
  const publishOld = async (message: string): Promise<void> => {
    await broker?.publish('default', [toLogEntry(oldCatalog, { event_type: 'note', data: { message } })]);
  };
  return { server, clock, publish, publishOld };
}

/** A client that follows a server; what came, gaps by their reasons, and the number of its connections. */
function follow(url: string) {
  const came: string[] = [];
  const state = { came, connections: 0, isLive: false };
  class Socket extends WebSocket {
    constructor(address: string | URL) {
      super(address);
      state.connections++;
    }
  }
  const client = createClient({ url: `${url}/trpc`, catalog: oldCatalog, WebSocket: Socket as never });
  onTestFinished(() => client.close());
  client.on('note', ({ data }) => came.push(data.message), {
    onGap: ({ reason }) => came.push(reason),
    onSynced: () => {
      state.isLive = true;
    },
  });
  return state;
}

describe('a server that meets an event of a newer version', () => {
  test('[V4] is not ready, asks clients to move, and serves those who come back, at their places; then it goes on', async () => {
    const { server, clock, publish, publishOld } = await start(oldCatalog);
    const since = performance.now();
    const client = follow(server.url);
    await expect.poll(() => client.isLive).toBe(true);
    await publishOld('1');
    await publish('2');
    await publishOld('3');
    await expect.poll(() => client.connections).toBeGreaterThan(1);

    const ready = await fetch(`${server.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ status: 'outdated' });
    const call = await fetch(`${server.url}/trpc/history`);
    expect(call.headers.get('connection')).toBe('close');
    expect(JSON.stringify(await call.json())).toContain('"atEnd":true');
    expect(client.came).toEqual(['1']);

    await clock.advance(WAIT_MS);
    await expect.poll(() => client.came).toEqual(['1', 'unknown_version', '3']);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await publish('4');
    await publishOld('5');
    await expect.poll(() => client.came.slice(3)).toEqual(['unknown_version', '5']);
    // Rounds are five seconds apart, and in each of them it is asked once.
    expect(client.connections).toBeLessThanOrEqual(2 + (performance.now() - since) / 5000);
    expect(clock.timers).toBe(0);
  });

  test('[V4] cuts streams of server-sent events, whose clients connect again', async () => {
    const { server, publish } = await start(oldCatalog);
    const stream = await fetch(`${server.url}/trpc/on.any`, { headers: { accept: 'text/event-stream' } });
    const ended = stream.text().then(
      () => 'ended',
      () => 'cut',
    );
    await expect
      .poll(async () => {
        await publish('1');
        return Promise.race([ended, 'open']);
      })
      .toBe('cut');
  });

  test('[V4] stops in order meanwhile', async () => {
    const { server, clock, publish } = await start(oldCatalog, { drainMs: 100 });
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
    await once(socket, 'open');
    const asked = once(socket, 'message');
    const client = follow(server.url);
    await expect.poll(() => client.isLive).toBe(true);
    await publish('1');
    expect(String((await asked)[0])).toBe('{"id":null,"method":"reconnect"}');
    await server.close();
    expect(clock.timers).toBe(0);
  });

  test('control: a server that knows the version is ready and asks nobody', async () => {
    const { server, publish } = await start(newCatalog);
    const client = follow(server.url);
    await expect.poll(() => client.isLive).toBe(true);
    await publish('1');
    await expect.poll(() => client.came).toHaveLength(1);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(client.connections).toBe(1);
  });
});
