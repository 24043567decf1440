import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import {
  type ClientOptions,
  createClient,
  createPublisher,
  type PublisherOptions,
  probe,
} from '../../client/index.ts';
import { createEventStore, invalidateOn } from '../../client/store/index.ts';
import { MemoryBroker } from '../../server/index.ts';
import { openCatalog } from '../open/catalog.ts';
import { agentMessage } from '../support/events.ts';
import { connect } from './connect.ts';
import { eventually } from './eventually.ts';
import { fakeClient } from './fake-client.ts';
import { startTestServer } from './test-server.ts';

const url = 'ws://127.0.0.1:1/trpc';
const broker = new MemoryBroker();
const client = (options: object) => createClient(options as ClientOptions);
const publisher = (options: object) => createPublisher(options as PublisherOptions);

test.each<[string, string, () => unknown]>([
  ['createClient: ulr', 'url', () => client({ ulr: url })],
  ['createClient: tokn', 'token', () => client({ url, tokn: 'secret' })],
  ['createClient: transport', 'transports', () => client({ url, transport: ['ws'] })],
  ['createClient: keepalive', 'keepAlive', () => client({ url, keepalive: {} })],
  ['createPublisher: ulr', 'url', () => publisher({ ulr: url })],
  ['createPublisher: header', 'headers', () => publisher({ url: 'http://127.0.0.1:1', header: {} })],
  ['createPublisher: publishas', 'publishAs', () => publisher({ broker, publishas: {} })],
  ['createPublisher: catalogue', 'catalog', () => publisher({ broker, catalogue: {} })],
  [
    'createEventStore: linger',
    'lingerMs',
    () => createEventStore(fakeClient().connect, { linger: 5 } as object),
  ],
])('%s is no option, and %s is named', (name, meant, make) => {
  expect(make).toThrow(new TypeError(`${name} is no option. Did you mean ${meant}?`));
});

test.each([
  ['createClient', 'headers', () => client({ url, headers: {} })],
  ['createClient', 'auth', () => client({ url, auth: {} })],
  ['createClient', 'onGap', () => client({ url, onGap: () => {} })],
  ['createPublisher', 'topic', () => publisher({ url: 'http://127.0.0.1:1', topic: 'runs' })],
])('%s has no %s, and nothing like it: all options are named', (of, name, make) => {
  expect(make).toThrow(new RegExp(`^${of}: ${name} is no option\\. There are .*token`));
});

test.each<[string, () => unknown, string]>([
  ['an address as options', () => client(url as never), 'createClient: options must be an object'],
  ['null as options', () => client(null as never), 'createClient: options must be an object'],
  [
    'no options of a publisher',
    () => publisher(undefined as never),
    'createPublisher: options must be an object',
  ],
  [
    'null as options of a publisher',
    () => publisher(null as never),
    'createPublisher: options must be an object',
  ],
  ['text as transports', () => client({ url, transports: 'sse' }), "must be a list, such as ['sse']"],
  [
    'a long name',
    () => client({ url, [`\n${'x'.repeat(99)}`]: 1 }),
    `createClient: ?${'x'.repeat(59)} is no option.`,
  ],
])('%s is refused with what to pass', (_, make, words) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(words);
});

test('a subscription without a handler, or with a callback that there is not, is refused at once', async () => {
  const following = createClient({ url });
  expect(() => following.on('any', undefined as never)).toThrow('client.on: pass a function');
  const slip: object = { onGaps() {} };
  expect(() => following.on('any', () => {}, slip)).toThrow(
    new TypeError('client.on: onGaps is no option. Did you mean onGap?'),
  );
  following.on('any', () => {}, { onGap() {} }).unsubscribe();
  await following.close();
});

test('the server names the option that is meant by a slip in a publish, a batch, a subscription or a page', async () => {
  await using server = await startTestServer();
  await using following = connect({ url: server.url });
  const slip = { topik: 'runs' } as object;
  const message = (meant: string) => ({ code: 'INVALID_OPTION', message: expect.stringContaining(meant) });
  const topik = message('topik is no option. Did you mean topic?');
  await expect(following.publish('agent_message', agentMessage(1), slip)).rejects.toMatchObject(topik);
  const event = { event_type: 'agent_message', data: agentMessage(1) } as const;
  await expect(following.publishBatch([event], slip)).rejects.toMatchObject(topik);
  await expect(following.publishBatch({} as never)).rejects.toThrow('publishBatch: pass a list of events');
  await expect(following.history(slip)).rejects.toMatchObject(topik);
  const since = following.on('any', () => {}, { sinse: { last: 1 }, onError() {} } as object);
  await expect(since.ready).rejects.toMatchObject(message('sinse is no option. Did you mean since?'));
  expect(server.manager.stats().published).toMatchObject({ agent_message: 0 });
});

test.each(['ws', 'sse'] as const)(
  'a port that the platform refuses is told with its address, over %s',
  async (way) => {
    await using lost = connect({ url: 'ws://127.0.0.1:6000/trpc', transports: [way] });
    await eventually(() =>
      expect(lost.connection.state.error?.message).toMatch(
        /the port of (?:ws|http):..127\.0\.0\.1:6000.trpc/,
      ),
    );
  },
);

test('and so it is to a publisher over HTTP, and by a probe', async () => {
  await using lost = Object.assign(createPublisher({ url: 'http://127.0.0.1:6000' }), {
    [Symbol.asyncDispose]: () => lost.close(),
  });
  const words = /fetch refuses the port of .*: serve at another one/;
  await expect(lost.publish('agent_message', agentMessage(1))).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(words),
  });
  expect(await probe('http://127.0.0.1:6000/trpc', new AbortController().signal)).toMatchObject({
    code: 'INVALID_OPTION',
    message: 'fetch refuses the port of http://127.0.0.1:6000/trpc: serve at another one',
  });
});

test('control: options that are undefined, and those that there are, are taken', async () => {
  const made = [
    client({ url, ulr: undefined, token: undefined, transports: ['ws'] }),
    publisher({ url, broker: undefined, headers: undefined, connectionParams: {} }),
    publisher({ broker, by: 'a', publishAs: {} }),
  ];
  expect(made).toHaveLength(3);
  await Promise.all(made.map((each) => each.close()));
});

test('names that are no options of a subscription are refused by the server, with an error that names them', async () => {
  await using server = await startTestServer({ catalog: openCatalog });
  await using following = connect({ url: server.wsUrl, catalog: openCatalog });
  const store = createEventStore(following);
  const slip: object = { topc: 'a' };
  const refused = {
    code: 'INVALID_OPTION',
    message: expect.stringContaining('topc'),
  };

  const onError = vi.fn();
  following.on('note', () => {}, { ...slip, onError });
  await eventually(() => expect(onError).toHaveBeenCalledWith(expect.objectContaining(refused), false));

  const sources = [store.events(slip), store.presence('viewer', slip)];
  for (const source of sources) {
    source.subscribe(() => {});
    await eventually(() => expect(source.getSnapshot().error).toMatchObject(refused));
  }
  const latest = vi.spyOn(console, 'warn').mockReturnValue();
  store.on('note', () => {}, slip);
  await eventually(() => expect(latest.mock.calls.join()).toMatch(/refused for good: .*topc/));
  latest.mockRestore();

  const onStale = vi.fn();
  invalidateOn(following, new QueryClient(), { note: () => ['notes'] }, { ...slip, onError: onStale });
  await eventually(() => expect(onStale).toHaveBeenCalledWith(expect.objectContaining(refused)));
});
