import { expect } from 'vitest';
import type { FeedHandle, FeedReader } from '../../../server/event-manager/feeds/feed-reader.ts';
import type { Batch, EncodeBody, FrameStyle } from '../../../server/event-manager/hubs/hub.ts';
import type { EventManager } from '../../../server/index.ts';
import { settled } from '../../support/turns.ts';
import { type Events, type Item, shorts } from './world.ts';

type Options = Parameters<EventManager<Events>['subscribe']>[0];

const bytesOf: EncodeBody = ({ json }) => Buffer.from(json);
const style: FrameStyle = { frame: (bodies) => Buffer.concat(bodies) };
const group = {};

/** A reader that takes so many batches, and is full then. */
export class SlowReader implements FeedReader {
  readonly name = 'slow';
  readonly group = group;
  readonly items: string[] = [];
  readonly cursors: string[] = [];
  /** Ids that updates name. */
  readonly ids: unknown[] = [];
  isFull = false;
  room = Number.POSITIVE_INFINITY;
  readonly #feed: FeedHandle;
  readonly #encode: EncodeBody;

  constructor(manager: EventManager<Events>, options: Options = {}, encode: EncodeBody = bytesOf) {
    this.#encode = encode;
    this.#feed = manager.subscribe(options).attach(this);
  }

  take(batch: Batch): boolean {
    batch.framesFor(this.#encode, style);
    for (const { json, cursor } of batch.records) {
      const item: Item = JSON.parse(json);
      this.items.push(...shorts([item]));
      this.ids.push((item.data as { id?: unknown }).id);
      this.cursors.push(cursor);
    }
    this.room--;
    return this.room > 0;
  }

  waitedFor(): void {}

  fail(): void {} // the manager is closed

  /** Takes on. */
  resume(room = Number.POSITIVE_INFINITY): void {
    this.room = room;
    this.isFull = false;
    this.#feed.resume();
  }

  async count(count: number): Promise<string[]> {
    await expect.poll(() => this.items.length).toBeGreaterThanOrEqual(count);
    await settled();
    return this.items;
  }
}
