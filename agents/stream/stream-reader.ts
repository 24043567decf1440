import type { StreamUpdate } from '../../shared/open/open-part.ts';
import type { StreamGap } from '../../shared/stream-items.ts';
import { isStreamNotice, isStreamUpdate, type StreamNotice } from '../../shared/stream-items.ts';
import { isRecord } from '../../shared/wire/shapes.ts';
import type { AnyChunk, Dialect } from './dialect.ts';
import { isUpTo, type Place } from './place.ts';
import { RunView } from './run-view.ts';
import type { StoredPart } from './stored.ts';
import { type ReadEvent, type WaitingItem, WaitingRuns } from './waiting-runs.ts';

/** An item of a topic. */
export type ReadItem = ReadEvent | StreamNotice | StreamUpdate;

/** Options of a {@link StreamReader}. */
export interface ReaderOptions<Chunk extends AnyChunk> {
  /** Tells this run alone. Default: all of the topic, one after the other. */
  run?: string | undefined;
  /** The place where an earlier reader was: what the viewer has is not told twice. */
  place?: Place<Chunk> | undefined;
}

/** Runs whose end was told, and of which late settlements are left out. */
const MAX_ENDED = 100;

/**
 * Makes the chunks of runs from a topic's items, for one viewer: valid from whatever place the items begin at. Events that
 * grow come whole, as `client.stream` yields them and `wholeItems` makes them. Runs that were going on at the same time are told
 * one after the other.
 */
export class StreamReader<Chunk extends AnyChunk> {
  readonly #dialect: Dialect<Chunk>;
  readonly #only: string | undefined;
  #told: RunView<Chunk> | undefined;
  /** Items of other runs than the one that is told. */
  readonly #waiting = new WaitingRuns();
  /** Gaps before a run, to be told in it. */
  #gaps: StreamGap['data'][] = [];
  readonly #ended = new Set<string>();
  /** Ended runs whose records may come again to one who goes on at the place: at least the last one. */
  #endedSince: string[] = [];
  #isSynced = false;
  /** True once a record of another run was left out: the place stays before it, for who goes on there is told all runs. */
  #hasLeftOut = false;
  #since: string | undefined;
  #at: string | undefined;
  /** Records of the run that is told, up to here, were told before; undefined once the log is another, which numbers them anew. */
  #skip: { readonly id: string; readonly at: string } | undefined;

  constructor(dialect: Dialect<Chunk>, { run, place }: ReaderOptions<Chunk> = {}) {
    this.#dialect = dialect;
    this.#only = run;
    this.#since = place?.since;
    this.#at = place?.run?.at ?? place?.since;
    this.#skip = place?.run;
    this.#endedSince = [...(place?.ended ?? [])];
    for (const id of this.#endedSince) this.#ended.add(id);
    if (place?.run) this.#told = new RunView(dialect, place.run.id, place.run.parts);
  }

  /** True if no run is being told, and the items have caught up. */
  get isIdle(): boolean {
    return this.#isSynced && !this.#told && this.#waiting.isEmpty;
  }

  /** True if a run's end was told. */
  hasEnded(run: string): boolean {
    return this.#ended.has(run);
  }

  /** Gaps that were read, and that no run was there to tell in. */
  get untoldGaps(): readonly StreamGap['data'][] {
    return this.#gaps;
  }

  /** The viewer's place now; undefined before the first item. */
  get place(): Place<Chunk> | undefined {
    const [since, told] = [this.#since, this.#told];
    if (since === undefined) return undefined;
    const run = told && { id: told.id, at: this.#at ?? since, parts: told.parts };
    return { since, ...(run && { run }), ended: [...this.#endedSince] };
  }

  /** The chunks that an item makes. @param cursor the place after it */
  *take(item: ReadItem, cursor: string): Generator<Chunk, void, undefined> {
    if (isStreamUpdate(item)) return;
    if (!isStreamNotice(item)) yield* this.#event({ item, cursor });
    else if (item.event_type === 'stream_gap') yield* this.#gap(item.data);
    else {
      this.#isSynced = true;
      if (this.#told) yield* this.#told.synced();
    }
    yield* this.#next();
    this.#at = cursor;
    const isLevel = !this.#told?.isHolding && this.#gaps.length === 0 && this.#waiting.isEmpty;
    if (!isLevel || this.#hasLeftOut) return;
    this.#since = cursor;
    this.#endedSince = this.#endedSince.slice(-1);
  }

  *#gap(gap: StreamGap['data']): Generator<Chunk> {
    if (gap.reason === 'erased') {
      // No loss: somebody took the events back.
      this.#waiting.erased(gap);
      if (this.#told) yield* this.#told.erased(gap.open ?? []);
      return;
    }
    if (gap.reason === 'epoch_changed') this.#skip = undefined;
    if (this.#told && !this.#told.isOver) yield* this.#told.gap(gap);
    else this.#gaps.push(gap);
  }

  *#event(waiting: WaitingItem): Generator<Chunk> {
    const { item } = waiting;
    const id = this.#runOf(item);
    if (id === undefined || this.#ended.has(id)) return;
    if ((this.#only ?? id) !== id) {
      this.#hasLeftOut ||= item.stored !== false;
      return;
    }
    if (this.#told && this.#told.id !== id) return this.#waiting.add(id, waiting);
    if (this.#told?.isOver) return;
    if (this.#told && this.#wasTold(id, waiting) && !this.#held(this.#told, item)) return;
    this.#told ??= new RunView(this.#dialect, id);
    for (const gap of this.#gaps.splice(0)) yield* this.#told.gap(gap);
    yield* this.#tell(this.#told, item);
  }

  /** Tells if a record was told before, to the viewer of the place that this reader began at. */
  #wasTold(id: string, { item, cursor }: WaitingItem): boolean {
    return this.#skip?.id === id && item.stored !== false && isUpTo(cursor, this.#skip.at);
  }

  /** Tells if a record was read before, and kept to be told later. */
  #held(run: RunView<Chunk>, { event_type, data }: ReadEvent): boolean {
    if (event_type === this.#dialect.record) return run.keeps((data as { chunk: Chunk }).chunk);
    return event_type === 'run';
  }

  *#tell(run: RunView<Chunk>, { event_type, data, open }: ReadEvent): Generator<Chunk> {
    const { [event_type]: field } = this.#dialect.grows;
    if (event_type === 'run') yield* run.told(open, data as { input: unknown; outcome: string });
    else if (field === undefined) yield* run.chunk((data as { chunk: Chunk }).chunk);
    else {
      const part = data as StoredPart<Chunk> & Record<string, unknown>;
      const complete = { id: '', kind: 'growing', state: 'done' } as const;
      yield* run.part(open ?? complete, { ...part, text: String(part[field] ?? '') });
    }
  }

  /** The run of an event of this dialect; undefined for other events. */
  #runOf({ event_type, data }: ReadEvent): string | undefined {
    const { kind, grows, record } = this.#dialect;
    if (!isRecord(data) || typeof data['run_id'] !== 'string') return undefined;
    if (
      event_type === 'run'
        ? data['kind'] !== kind
        : event_type !== record && !Object.hasOwn(grows, event_type)
    )
      return undefined;
    return data['run_id'];
  }

  /** Goes on with the next run that waits, where one is over. */
  *#next(): Generator<Chunk> {
    while (this.#told?.isOver) {
      this.#ended.add(this.#told.id);
      this.#endedSince = [...this.#endedSince, this.#told.id].slice(-MAX_ENDED);
      const [oldest = ''] = this.#ended;
      if (this.#ended.size > MAX_ENDED) this.#ended.delete(oldest);
      this.#told = undefined;
      yield* this.#goOn();
    }
  }

  /** Tells what waits, of one run; what waits of others goes on waiting. */
  *#goOn(): Generator<Chunk> {
    const next = this.#waiting.next();
    if (!next) return;
    for (const waiting of next.items) yield* this.#event(waiting);
    this.#told ??= new RunView(this.#dialect, next.run); // all of it was erased
    if (this.#isSynced) yield* this.#told.synced();
  }
}
