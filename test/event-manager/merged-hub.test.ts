import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest';
import type { FeedHandle, FeedReader } from '../../server/event-manager/feeds/feed-reader.ts';
import type { Batch, EncodeBody, FrameStyle } from '../../server/event-manager/hubs/hub.ts';
import { MergedHub } from '../../server/event-manager/hubs/merged-hub.ts';
import { EventManager, type Logger, MemoryBroker } from '../../server/index.ts';
import { noInstruments, type Tracing } from '../../server/telemetry/telemetry.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

type Line = Record<string, unknown>;

/** Cursors of records, each time they are encoded; and names of styles, each time they frame. */
let encoded: string[];
let framed: string[];
let lines: Line[];
let delivered: { type: string; subscribers: number; live: boolean }[];
let traced: { topic: string; cursor: string; subscribers: number }[];
let groups: number;
let joins: MockInstance<MergedHub['join']>;
let broker: MemoryBroker;
let manager: EventManager;

beforeEach(() => {
  encoded = [];
  framed = [];
  lines = [];
  delivered = [];
  traced = [];
  groups = 0;
  joins = vi.spyOn(MergedHub.prototype, 'join');
  const ignore = () => {};
  const logger: Logger = {
    debug: (fields, message) => void lines.push({ ...fields, message }),
    info: ignore,
    warn: ignore,
    error: ignore,
  };
  const tracing: Tracing = {
    publish: (_, run) => run('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    handle: (_, run) => run(),
    delivered: ({ topic, cursor, subscribers }) => void traced.push({ topic, cursor, subscribers }),
  };
  const instruments = {
    ...noInstruments,
    delivered: (type: string, subscribers: number, ms: number | null) =>
      void delivered.push({ type, subscribers, live: ms !== null }),
    grouped: (change: number) => {
      groups += change;
    },
  };
  broker = new MemoryBroker();
  manager = new EventManager({ broker, logger, tracing, instruments });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await manager.close();
});

const encode: EncodeBody = ({ cursor, json }) => {
  encoded.push(cursor);
  return Buffer.from(json);
};
const style = (name: string): FrameStyle => ({
  frame(bodies) {
    framed.push(name);
    return Buffer.concat(bodies);
  },
});
const group = { encode };

/** A subscriber that notes what it gets. */
class Member implements FeedReader {
  readonly group = group;
  readonly frames: Buffer[] = [];
  readonly cursors: string[] = [];
  isFull = false;
  /** The feed that waits for it. */
  waiting: FeedHandle | undefined;
  error: unknown;
  readonly name: string;
  readonly #style: FrameStyle;

  constructor(name: string, style: FrameStyle) {
    this.name = name;
    this.#style = style;
  }

  take(batch: Batch): boolean {
    this.frames.push(batch.framesFor(encode, this.#style));
    this.cursors.push(...batch.records.map(({ cursor }) => cursor));
    return true;
  }

  waitedFor(feed: FeedHandle): void {
    this.waiting = feed;
  }

  fail(error: unknown): void {
    this.error = error;
  }
}

const publish = async (topic: string, message: string) =>
  (await manager.publish('agent_message', agentMessage(message), { topic })).cursor;

/** Members of one merged hub, live. */
async function live(
  count: number,
  options: Parameters<EventManager['subscribe']>[0],
  name = 'member',
): Promise<Member[]> {
  const styles = [style('one'), style('two')];
  const before = joins.mock.calls.length;
  const members = Array.from(
    { length: count },
    (_, index) => new Member(`${name} ${index}`, styles[index % 2] as FrameStyle),
  );
  for (const member of members) manager.subscribe(options).attach(member);
  await expect.poll(() => joins.mock.calls.length).toBe(before + count);
  encoded = [];
  framed = [];
  lines = [];
  delivered = [];
  for (const member of members) {
    member.frames.length = 0;
    member.cursors.length = 0;
  }
  return members;
}

test.each([
  ['a list', { topics: ['run-1', 'run-2'] }],
  ['a pattern', { topics: ['run-*'] }],
  ['a list, paced', { topics: ['run-1', 'run-2'], every: 1 }],
])(
  '%s: an event is encoded once for all who follow the same topics, and framed once for each style',
  async (_, options) => {
    await publish('run-1', 'before');
    await publish('run-2', 'before');
    const members = await live(20, options);
    for (const [topic, message] of [
      ['run-1', 'a'],
      ['run-2', 'b'],
      ['run-1', 'c'],
    ] as const) {
      await publish(topic, message);
      await expect
        .poll(() => members.every(({ frames }) => String(frames.at(-1)).includes(`"message":"${message}"`)))
        .toBe(true);
    }
    expect(encoded).toHaveLength(3);
    expect(framed.sort()).toEqual(['one', 'one', 'one', 'two', 'two', 'two']);
    expect(encoded).toEqual(members[0]?.cursors);
    // Equal texts alone would not do: it is one buffer for all of a style.
    for (const [index, { frames }] of members.entries())
      for (const [at, frame] of frames.entries()) expect(frame).toBe(members[index % 2]?.frames[at]);
  },
);

test('control: subscribers to other topics, and those that select otherwise, have items of their own', async () => {
  const both = { topics: ['run-1', 'run-2'] };
  const members = [
    ...(await live(2, both)),
    ...(await live(2, { ...both, types: ['agent_message'] as const })),
    ...(await live(2, { topics: ['run-1', 'run-3'] })),
  ];
  encoded = [];
  await publish('run-1', 'a');
  await expect.poll(() => members.every(({ frames }) => frames.length === 1)).toBe(true);
  expect(encoded).toHaveLength(3);
});

test('metrics, traces and the log count the members, by their names; the merged hub is no subscriber', async () => {
  const members = await live(3, { topics: ['run-1', 'run-2'], types: ['agent_message'] });
  expect(groups).toBe(1);
  const single = new Member('single', style('single'));
  manager.subscribe({ topic: 'run-1', types: ['agent_message'] }).attach(single);
  await expect.poll(() => lines.some(({ message }) => message === 'Subscriber is live')).toBe(true);
  expect(manager.stats().subscribers).toBe(4);
  const cursor = await publish('run-1', 'a');
  await manager.publish('system_status', systemStatus(), { topic: 'run-1' });
  await publish('run-2', 'b');
  await expect.poll(() => members.every(({ frames }) => frames.length === 2)).toBe(true);

  const counted = (of: readonly { subscribers: number }[]) =>
    of.reduce((sum, { subscribers }) => sum + subscribers, 0);
  expect(delivered.every(({ type, live }) => type === 'agent_message' && live)).toBe(true);
  expect(counted(delivered)).toBe(4 + 3);
  expect(counted(traced.filter((each) => each.topic === 'run-1' && each.cursor === cursor))).toBe(4);
  expect(counted(traced)).toBe(4 + 3);

  const names = members.map(({ name }) => name);
  const fates = lines.filter(
    ({ message }) => message === 'Event delivered' || message === 'Event not delivered',
  );
  const run1 = { topic: 'run-1', count: 4, subscribers: expect.arrayContaining([...names, 'single']) };
  expect(fates).toMatchObject([
    { ...run1, message: 'Event delivered', cursor },
    { ...run1, message: 'Event not delivered', why: 'type' },
    { topic: 'run-2', count: 3, subscribers: names, message: 'Event delivered' },
  ]);
});

test('groups are those of the members, and gone with them', async () => {
  const members = Array.from({ length: 3 }, (_, index) => new Member(`member ${index}`, style('one')));
  const feeds = members.map((member) => manager.subscribe({ topics: ['run-1', 'run-2'] }).attach(member));
  await expect.poll(() => joins.mock.calls.length).toBe(3);
  expect(groups).toBe(1);
  for (const feed of feeds) feed.close();
  expect(groups).toBe(0);
  await publish('run-1', 'a');
  expect(members.every(({ cursors }) => cursors.length === 1)).toBe(true); // stream_synced
});

test('[D9] a full member gets from the log what it was not handed; the others are not held up, and get it once', async () => {
  const [slow, ...others] = await live(3, { topics: ['run-1', 'run-2'] });
  if (!slow) throw new Error('no member');
  slow.isFull = true;
  await publish('run-1', 'a');
  await publish('run-2', 'b');
  await expect.poll(() => others.every(({ cursors }) => cursors.length === 2)).toBe(true);
  expect(slow.cursors).toEqual([]);
  expect(others[0]?.cursors).toEqual(others[1]?.cursors);
  slow.isFull = false;
  slow.waiting?.resume();
  await expect.poll(() => slow.cursors.length).toBe(2);
  await expect.poll(() => joins.mock.calls.length).toBe(4); // it is back
  await publish('run-1', 'c');
  await expect.poll(() => [slow, ...others].every(({ cursors }) => cursors.length === 3)).toBe(true);
  expect(slow.cursors[2]).toBe(others[0]?.cursors[2]);
});

test('a topic that appears while a reader is full, and is not attached yet, does not end the subscription', async () => {
  let attach = (): void => {};
  const attached = new Promise<void>((resolve) => {
    attach = resolve;
  });
  const tail = broker.tail.bind(broker);
  vi.spyOn(broker, 'tail').mockImplementation(async (topic, sink) => {
    if (topic === 'run-2') await attached;
    return tail(topic, sink);
  });
  await publish('run-1', 'before');
  const [member] = await live(1, { topics: ['run-*'] });
  if (!member) throw new Error('no member');
  await publish('run-2', 'a');
  await expect.poll(() => manager.stats().topics).toContain('run-2');
  member.isFull = true; // when it is handed this
  await publish('run-1', 'b');
  await expect
    .poll(() => lines.some(({ message }) => String(message).startsWith('Subscriber is too slow')))
    .toBe(true);
  attach();
  expect(member.error).toBeUndefined();
});
