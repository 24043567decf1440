import { expect, test } from 'vitest';
import type { RequestCallbacks } from '../../client/connection/requests.ts';
import { Untaken } from '../../client/connection/untaken.ts';
import type { Wire } from '../../client/connection/wire.ts';
import type { AnyItem } from '../../client/reading/items.ts';
import { Subscription } from '../../client/reading/subscription.ts';

const timestamp = '2026-01-01T00:00:00Z';
const note = (text: string): AnyItem => ({ event_type: 'note', timestamp, data: { text } });
const reply = (id: string, text: string): AnyItem => ({
  ...{ event_type: 'reply', timestamp, data: { text } },
  open: { id, kind: 'growing', state: 'open', field: 'text' },
});
const rewound = (from: string, to: string, topic?: string): AnyItem => ({
  ...{ event_type: 'stream_gap', timestamp, data: { from, to, lost: null, reason: 'epoch_changed' } },
  ...(topic && { topic }),
});
const piece = (id: string, at: number, text: string): AnyItem => ({
  ...{ event_type: 'stream_update', timestamp, data: { id, at, text } },
});

/** A subscription whose server the test is: what it hands out, as `what@cursor`. */
async function subscribed() {
  let server: RequestCallbacks | undefined;
  const wire = {
    connection: { state: { status: 'live' }, url: '', subscribe: () => () => {}, onReply() {}, onEvent() {} },
    requests: {
      subscribe(_path: string, _input: unknown, callbacks: RequestCallbacks) {
        server = callbacks;
        return { unsubscribe() {} };
      },
    },
    untaken: new Untaken(),
    awaitBeginning() {},
  } as unknown as Wire;
  const handed: string[] = [];
  const subscription = new Subscription(
    wire,
    'on.any',
    {},
    {
      onItem(item, cursor) {
        const { text } = item.data as { text?: string };
        const state = 'open' in item && item.open ? ` ${item.open.state}` : '';
        handed.push(`${text === undefined ? item.event_type : text}${state}@${cursor}`);
      },
      ...{ onStatus() {}, onRetry() {}, onEnd() {} },
    },
  );
  await Promise.resolve();
  return {
    subscription,
    /** Items of the server; the ones that were handed out for them. */
    tell(...items: (readonly [id: string, data: AnyItem])[]): string[] {
      handed.length = 0;
      for (const [id, data] of items) server?.onData({ id, data });
      return [...handed];
    },
    synced: (id: string) =>
      [id, { event_type: 'stream_synced', timestamp, data: { recovered: true, cursor: id } }] as const,
    /** The client is at another server, which begins to tell. */
    moved: () => server?.onStarted(),
  };
}

test('[D12] a server that is behind the one before takes the position of a subscription not back', async () => {
  const { subscription, tell, synced, moved } = await subscribed();
  tell(synced('e:5'), ['e:6', note('a')], ['e:7', note('b')]);
  moved();
  expect(tell(synced('e:6'))).toEqual(['stream_synced@e:7']);
  expect(subscription.cursor).toBe('e:7');
  expect(tell(['e:7', note('b')], ['e:8', note('c')])).toEqual(['c@e:8']);
  moved();
  tell(synced('f:2')); // another log
  expect(subscription.cursor).toBe('f:2');
});

test('[D12] nor in any of its topics, while it goes on in others', async () => {
  const { subscription, tell, synced, moved } = await subscribed();
  tell(synced('~a:e:5~b:f:5'), ['~a:e:6~b:f:5', note('a6')], ['~a:e:6~b:f:6', note('b6')]);
  moved();
  expect(tell(['~a:e:6~b:f:5', note('a6')], ['~a:e:7~b:f:5', reply('1', 'a7')])).toEqual([
    'a7 open@~a:e:7~b:f:6',
  ]);
  expect(tell(synced('~a:e:7~b:f:5'))).toEqual(['stream_synced@~a:e:7~b:f:6']);
  expect(tell(['~a:e:7~b:f:6', note('b6')], ['~a:e:7~b:f:7', note('b7')])).toEqual(['b7@~a:e:7~b:f:7']);
  moved();
  tell(synced('~a:e:7')); // a topic went
  expect(subscription.cursor).toBe('~a:e:7');
});

test('[D4] a log that was rewound takes the position back, and what it tells from there is new', async () => {
  const { subscription, tell, synced } = await subscribed();
  tell(synced('e:5'), ['e:6', note('a')], ['e:7', note('b')]);
  expect(tell(['e:3', rewound('e:7', 'e:3')], ['e:4', note('c')])).toEqual(['stream_gap@e:3', 'c@e:4']);
  expect(subscription.cursor).toBe('e:4');
});

test('[D4] a log that was rewound leaves the places in other topics as they are', async () => {
  const { subscription, tell, synced, moved } = await subscribed();
  tell(synced('~a:e:5~b:e:5'), ['~a:e:5~b:e:6', note('b6')]);
  moved(); // to a server that is behind in b
  expect(tell(['~a:e:3~b:e:5', rewound('e:5', 'e:3', 'a')], ['~a:e:3~b:e:6', note('b6')])).toEqual([
    'stream_gap@~a:e:3~b:e:6',
  ]);
  expect(tell(['~a:e:4~b:e:6', note('a4')])).toEqual(['a4@~a:e:4~b:e:6']);
  expect(subscription.cursor).toBe('~a:e:4~b:e:6');
});

test('[O10] an event that a server which is behind does not know yet is not lost', async () => {
  const { tell, synced, moved } = await subscribed();
  tell(synced('e:5'), ['e:6', reply('1', 'a')], ['e:7', reply('2', 'b')]);
  moved();
  expect(tell(['e:6', reply('1', 'a')], synced('e:6'))).toEqual(['stream_synced@e:7']);
  expect(tell(['e:7', reply('2', 'b')], ['e:7', piece('2', 1, 'c')])).toEqual(['bc open@e:7']);
  moved();
  const { stored } = { stored: false as const };
  expect(tell(['e:7', { ...reply('2', 'bc'), stored } as AnyItem], synced('e:7'))).toEqual([
    'a lost@e:7',
    'stream_synced@e:7',
  ]);
});
