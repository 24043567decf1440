import type { AnyItem } from '../../../client/reading/items.ts';
import { OpenEvents } from '../../../client/reading/open-events.ts';
import type { FeedHandle, FeedReader } from '../../../server/event-manager/feeds/feed-reader.ts';
import type { Batch } from '../../../server/event-manager/hubs/hub.ts';
import { type Position, parseCursor, parseTopicsCursor } from '../../../shared/cursor.ts';
import type { Since } from '../../../shared/index.ts';
import type { Pace } from './commands.ts';
import { type Logged, TOPICS, type ToldEvent, type TopicLog } from './log-records.ts';
import type { OpenNode } from './open-nodes.ts';
import { dataOf, type ReferenceOpen } from './reference.ts';
import { seenOf, wantedOf } from './wanted.ts';

/** An item of a stream. */
type Item = AnyItem & ToldEvent;

interface WatcherOptions {
  /** Null: all topics, merged. */
  readonly topic: string | null;
  readonly wants: number;
  readonly pace: Pace;
  readonly all: boolean;
  readonly capacity: number;
}

/** A subscriber that puts together what is open as our client does, pauses, leaves, and comes back with its last cursor. */
export class Watcher implements FeedReader {
  readonly name = 'watcher';
  readonly #options: WatcherOptions;
  readonly #client = new OpenEvents();
  /** The events that are open, by id, as handlers got them last. */
  readonly #picture = new Map<string, ToldEvent & { topic: string }>();
  /** Records by topic and cursor. */
  readonly #records = new Map<string, string>();
  readonly #ends = new Map<string, Position>();
  readonly #lastRecords = new Map<string, Position>();
  /** Positions after which it wants all; of a topic without one, from the beginning. */
  #starts: ReadonlyMap<string, Position> | null = null;
  readonly #typed = new Set<string>();
  readonly #log: string[] = [];
  #feed: FeedHandle | null = null;
  #cursor: string | undefined;
  #isSynced = false;
  #capacity: number;
  #taken = 0;
  #isPaused = false;
  #isFull = false;
  #problem: string | null = null;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#capacity = options.capacity;
    if (options.all) this.#starts = new Map();
  }

  join(node: OpenNode): void {
    if (this.#feed) return;
    const { topic, wants, pace, all } = this.#options;
    const fromStart: Since | undefined = all ? (topic === null ? '~' : { last: 10_000 }) : undefined;
    const options = {
      ...wantedOf(wants).options,
      ...(topic === null ? { topics: TOPICS } : { topic }),
      ...(pace === 'every' && { every: 1 }),
      ...(pace === 'conflate' && { whenSlow: 'conflate' as const }),
      since: this.#cursor ?? fromStart,
    };
    this.#taken = 0;
    this.#isFull = false;
    this.#isSynced = false;
    this.#client.restart();
    this.#log.push('JOINS');
    this.#feed = node.subscribe(options as Parameters<OpenNode['subscribe']>[0]).attach(this);
  }

  leave(): void {
    this.#feed?.close();
    this.#feed = null;
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** @param capacity from now on; default: as it was */
  resume(capacity = this.#capacity): void {
    this.#capacity = capacity;
    this.#isPaused = false;
    this.#taken = 0;
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#feed?.resume();
  }

  take({ records }: Batch): boolean {
    if (!this.#feed) this.#wrong('items after close()');
    if (this.#isFull) this.#wrong('[D9] items although it was full');
    for (const { cursor, json } of records) this.#take(cursor, JSON.parse(json));
    this.#taken += records.length;
    return !this.#isPaused && this.#taken < this.#capacity;
  }

  waitedFor(): void {
    this.#isFull = true;
    if (!this.#isPaused && this.#capacity === Number.POSITIVE_INFINITY) this.resume();
  }

  fail(error: unknown): void {
    const isClosed = error instanceof Error && 'code' in error && error.code === 'CLOSED';
    if (!isClosed) this.#wrong(`failed: ${String(error)}`);
    this.#feed = null;
  }

  /** @throws Error what it got that it should not have */
  check(): void {
    if (this.#problem) throw new Error(`${this.#problem}\n${this.describe()}`);
  }

  /** A text about the first thing that it lacks, or has although it should not; empty: it has all, and nothing else. */
  lacks(reference: ReferenceOpen, logs: ReadonlyMap<string, TopicLog>): string {
    if (!this.#isSynced) return '[O3] no stream_synced';
    const open = [...this.#picture].map(([id, { topic, data }]) => form(id, topic, data)).sort();
    const expected = reference
      .open()
      .filter((event) => this.#follows(event.topic) && wantedOf(this.#options.wants).wants(event))
      .map((event) => form(event.id, event.topic, dataOf(event)))
      .sort();
    if (open.join('\n') !== expected.join('\n'))
      return `[O6] open is:\n${open.join('\n')}\ninstead of\n${expected.join('\n')}`;
    for (const [topic, log] of logs) {
      if (!this.#follows(topic)) continue;
      if (
        log.records.length > 0 &&
        this.#ends.get(topic)?.epoch !== log.epoch &&
        log.records.some((each) => this.#wants(each))
      )
        return `[O10] ${topic}: nothing of ${log.epoch}`;
      for (const record of log.records) {
        const lack = this.#lacksRecord(topic, record);
        if (lack) return lack;
      }
    }
    return '';
  }

  describe(): string {
    return `${JSON.stringify(this.#options)} ${this.#isFull ? 'full' : ''}\n  ${this.#log.join('\n  ')}`;
  }

  #lacksRecord(topic: string, record: Logged): string {
    const { cursor, event } = record;
    const told = this.#records.get(`${topic} ${cursor}`);
    const is = JSON.stringify(event);
    if (told !== undefined) {
      if (told !== is) this.#wrong(`[O1] ${cursor} was told as ${told}, and is ${is}`);
      return '';
    }
    if (this.#options.pace !== 'all' || !this.#wants(record)) return '';
    const start = this.#starts?.get(topic);
    const place = parseCursor(cursor);
    if (!this.#starts || (start?.epoch === place.epoch && place.seq <= start.seq)) return '';
    return `[O1] ${topic}: ${cursor} is missing: ${is}`;
  }

  #wants({ event }: Logged): boolean {
    return wantedOf(this.#options.wants).wants(seenOf(event.event_type, event.data));
  }

  #follows(topic: string): boolean {
    return this.#options.topic === null || this.#options.topic === topic;
  }

  #take(cursor: string, item: Item): void {
    this.#log.push(`${cursor} ${JSON.stringify(item)}`);
    this.#cursor = cursor;
    const places = this.#options.topic === null ? parseTopicsCursor(cursor) : null;
    const topic = item.topic ?? this.#options.topic;
    if (item.event_type === 'stream_synced') {
      this.#isSynced = true;
      this.#starts ??= places ?? new Map([[this.#options.topic ?? '', parseCursor(cursor)]]);
    }
    const moved = places ?? new Map([[this.#options.topic ?? '', parseCursor(cursor)]]);
    for (const [name, place] of moved) this.#move(name, place, name === topic ? item : null);
    const place = topic === null ? undefined : moved.get(topic);
    if (place && topic !== null) this.#record(topic, place, item);
    else if (topic !== null) this.#wrong(`[D6] no place of ${topic} in ${cursor}`);
    if (item.event_type === 'stream_update') this.#follow(item);
    if (item.event_type === 'typing') this.#type(item);
    for (const whole of this.#client.take(item)) this.#paint(whole as Item, topic ?? '');
  }

  /** It stands at a place of a topic. @param item one of that topic */
  #move(topic: string, place: Position, item: Item | null): void {
    const before = this.#ends.get(topic);
    this.#ends.set(topic, place);
    const isChange =
      item?.event_type === 'stream_gap' && (item.data as { reason: string }).reason === 'epoch_changed';
    if (before && before.epoch !== place.epoch && !isChange)
      this.#wrong(`[O10] ${topic}: ${place.epoch} after ${before.epoch} without a gap`);
    if (before?.epoch === place.epoch && place.seq < before.seq)
      this.#wrong(`[D6] ${topic}: back to ${place.seq}`);
  }

  #record(topic: string, place: Position, item: Item): void {
    if (item.event_type.startsWith('stream_') || item.stored === false) return;
    const last = this.#lastRecords.get(topic);
    if (last?.epoch === place.epoch && place.seq <= last.seq)
      this.#wrong(`[O1] ${topic}: ${place.seq} came twice`);
    this.#lastRecords.set(topic, place);
    const { topic: _, ...event } = item;
    this.#records.set(`${topic} ${place.epoch}:${place.seq}`, JSON.stringify(event));
  }

  /** A change is of an event that it was told, and a piece follows on the text that it has. */
  #follow({ data }: Item): void {
    const { id, at, state } = data as { id: string; at?: number; state?: string };
    const known = this.#picture.get(id);
    // Of a member who is gone somebody may be told that has not known it: that does no harm.
    if (!known && state === undefined) this.#wrong(`[O2] a change of ${id}, which it was not told`);
    const { text = '' } = (known?.data ?? {}) as { text?: string };
    if (known && at !== undefined && at !== text.length)
      this.#wrong(`[O2] a piece at ${at} after ${JSON.stringify(text)}`);
  }

  #type({ data }: Item): void {
    const { who } = data as { who: string };
    if (this.#typed.has(who)) this.#wrong(`[O2] ${who} typed twice`);
    this.#typed.add(who);
  }

  #paint(whole: Item, topic: string): void {
    const { open } = whole;
    if (!open) return;
    if (open.state === 'open') this.#picture.set(open.id, { ...whole, topic });
    else this.#picture.delete(open.id);
  }

  #wrong(problem: string): void {
    this.#problem ??= problem;
  }
}

function form(id: string, topic: string, data: unknown): string {
  return `${topic} ${id} ${JSON.stringify(data)}`;
}
