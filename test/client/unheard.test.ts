import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClient, createPublisher, type EventsClient, type Transport } from '../../client/index.ts';
import { freePort } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { eventually } from './eventually.ts';
import { startTestServer } from './test-server.ts';

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01); // waits of 10 ms and more
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A client of a port that nobody listens on, which follows events and looks at no error, until its fourth attempt. */
async function warningsOf(environment: string): Promise<{ warnings: unknown[]; url: string }> {
  vi.stubEnv('NODE_ENV', environment);
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const url = `ws://127.0.0.1:${await freePort()}/trpc`;
  const client = createClient({ url });
  client.on('agent_message', () => {});
  await eventually(() => expect(client.connection.state.attempt).toBeGreaterThan(3));
  await client.close();
  return { warnings: warn.mock.calls.flat(), url };
}

test('a port that nobody listens on is told once on the console in development', async () => {
  const { warnings, url } = await warningsOf('development');
  expect(warnings).toEqual([
    expect.stringMatching(`^psyche-events: still trying ${url}. No connection: .*ECONNREFUSED`),
  ]);
});

test('it is not told in production', async () => {
  expect((await warningsOf('production')).warnings).toEqual([]);
});

test('control: a server that was heard of, and went away, is not told', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  await using server = await startTestServer();
  const client = createClient({ url: server.url });
  await client.stats();
  server.refusing = true;
  server.drop();
  await eventually(() => expect(client.connection.state.attempt).toBeGreaterThan(3));
  await client.close();
  expect(warn).not.toHaveBeenCalled();
});

/** A client of a port that nobody listens on, once it knows that it was refused. */
async function refusedClient(url: string, transport: Transport): Promise<EventsClient> {
  const client: EventsClient = createClient({ url, transports: [transport] });
  await eventually(() => expect(client.connection.state.error).not.toBeNull());
  return client;
}

test.each(['ws', 'sse', 'http'] as const)(
  'a publish that no server was there for says that it was not sent: over %s',
  async (transport) => {
    // Tries over HTTP at 0, 500 and 1500 ms, and none before 3500: one that is under way as the time ends may have been sent.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const address = `127.0.0.1:${await freePort()}/trpc`;
    const publisher = await (transport === 'http'
      ? createPublisher({ url: `http://${address}` })
      : refusedClient(`ws://${address}`, transport));
    const timeoutMs = transport === 'http' ? 3000 : 1000;
    const failure = publisher.publish('agent_message', agentMessage(1), { timeoutMs });
    await expect(failure).rejects.toMatchObject({
      name: 'EventsError',
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        `^No answer within ${timeoutMs} ms\\. The event was not sent: no connection was made\\. The last .*ECONNREFUSED ${address.split('/')[0]}`,
      ),
    });
    await publisher.close();
  },
);

test.each(['ws', 'sse', 'http'] as const)(
  'control: one that a server has taken, and not answered, may have been stored: over %s',
  async (transport) => {
    await using server = await startTestServer();
    const { publish } = server.manager;
    const taken = vi.fn();
    server.manager.publish = async (...args) => {
      await publish.apply(server.manager, args);
      taken();
      return new Promise(() => {});
    };
    const publisher =
      transport === 'http'
        ? createPublisher({ url: server.httpUrl })
        : createClient({ url: server.url, transports: [transport] });
    const failure = publisher.publish('agent_message', agentMessage(1), { timeoutMs: 3000 });
    await expect(failure).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^No answer within 3000 ms\. The event may have been stored: /),
    });
    expect(taken).toHaveBeenCalled();
    await publisher.close();
  },
);
