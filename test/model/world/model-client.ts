import type { FeedHandle, FeedReader } from '../../../server/event-manager/feeds/feed-reader.ts';
import type { Batch } from '../../../server/event-manager/hubs/hub.ts';
import { type Position, parseCursor } from '../../../shared/cursor.ts';
import type { Since, StreamGap } from '../../../shared/index.ts';
import type { GapReason } from '../../../shared/stream-items.ts';
import type { ModelNode } from '../events/catalog.ts';
import { wantedOf } from '../events/wanted.ts';
import { checkRun, type Progress, type Run } from '../reference/check-run.ts';
import type { ReferenceLog } from '../reference/reference-log.ts';

/** A subscriber that pauses, leaves, and comes back with its last cursor. */
export class ModelClient implements FeedReader {
  readonly name = 'model';
  readonly #wants: number;
  readonly #conflate: boolean;
  #capacity: number;
  readonly #runs: Run[] = [];
  #feed: FeedHandle | null = null;
  #since: Since | undefined;
  /** The position of `#since`; null: live only. */
  #start: Position | null;
  #taken = 0;
  #paused = false;
  #full = false;
  /** A function that should never have been called. */
  #misuse: string | null = null;

  constructor(options: {
    wants: number;
    capacity: number;
    conflate: boolean;
    since: Since | undefined;
    start: Position | null;
  }) {
    this.#wants = options.wants;
    this.#capacity = options.capacity;
    this.#conflate = options.conflate;
    this.#since = options.since;
    this.#start = options.start;
  }

  get isAway(): boolean {
    return this.#feed === null;
  }

  get hasItems(): boolean {
    return (this.#runs.at(-1)?.items.length ?? 0) > 0;
  }

  /** Reasons of all gaps that it was told. */
  get gapReasons(): GapReason[] {
    const items = this.#runs.flatMap((run) => run.items);
    const gaps = items.filter(({ type }) => type === 'stream_gap');
    return gaps.map(({ json }) => (JSON.parse(json) as StreamGap).data.reason);
  }

  /** Subscribes, from the last cursor if there is one. */
  join(node: ModelNode): void {
    if (this.#feed) return;
    const cursor = this.#runs.findLast(({ items }) => items.length > 0)?.items.at(-1)?.cursor;
    if (cursor !== undefined) {
      this.#since = cursor;
      this.#start = parseCursor(cursor);
    }
    const { options, matches } = wantedOf(this.#wants);
    this.#runs.push({ start: this.#start, matches, conflate: this.#conflate, items: [] });
    this.#taken = 0;
    this.#full = false;
    const whenSlow = this.#conflate ? 'conflate' : 'refill';
    this.#feed = node.subscribe({ ...options, since: this.#since, whenSlow }).attach(this);
  }

  leave(): void {
    this.#feed?.close();
    this.#feed = null;
  }

  pause(): void {
    this.#paused = true;
  }

  /** @param capacity from now on; default: as it was */
  resume(capacity = this.#capacity): void {
    this.#capacity = capacity;
    this.#paused = false;
    this.#taken = 0;
    if (!this.#full) return;
    this.#full = false;
    this.#feed?.resume();
  }

  take({ records }: Batch): boolean {
    if (!this.#feed) this.#misuse ??= 'records after close()';
    if (this.#full) this.#misuse ??= '[D9] records although it was full';
    this.#runs.at(-1)?.items.push(...records);
    this.#taken += records.length;
    this.#full = this.#paused || this.#taken >= this.#capacity;
    return !this.#full;
  }

  waitedFor(): void {
    if (!this.#full) this.#misuse ??= '[D9] was waited for although it was not full';
  }

  fail(error: unknown): void {
    const isClosed = error instanceof Error && 'code' in error && error.code === 'CLOSED';
    if (!isClosed) this.#misuse ??= `failed: ${String(error)}`;
    this.#feed = null;
  }

  /** @throws Error what it got that it should not have */
  check(reference: ReferenceLog): Progress | null {
    if (this.#misuse) throw new Error(this.#misuse);
    let progress: Progress | null = null;
    for (const run of this.#runs) progress = checkRun(run, reference);
    return progress;
  }

  /** Tells if it has all there is, in the log named `epoch`. */
  isDone(reference: ReferenceLog, epoch: string): boolean {
    const progress = this.check(reference);
    if (!progress?.synced || progress.position?.epoch !== epoch) return false;
    const { matches } = wantedOf(this.#wants);
    return reference.wanted(matches, epoch, progress.position.seq, Number.POSITIVE_INFINITY).length === 0;
  }

  describe(): string {
    const shown = this.#runs.map(({ start, items }) => {
      const list = items.map(({ cursor, type }) => `${cursor} ${type}`).join(', ');
      return `from ${start ? `${start.epoch}:${start.seq}` : 'live'}: ${list}`;
    });
    return `wants ${this.#wants}, ${this.#full ? 'full' : 'not full'}\n  ${shown.join('\n  ')}`;
  }
}
