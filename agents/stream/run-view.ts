import type { OpenPart } from '../../shared/open/open-part.ts';
import { runStateOf } from '../../shared/runs/run-state.ts';
import type { StreamGap } from '../../shared/stream-items.ts';
import type { AnyChunk, Dialect, Guard, RunEnding, ToldRun } from './dialect.ts';
import type { KnownPart, Place } from './place.ts';
import { CONTINUES, type StoredPart } from './stored.ts';

/** The end of a run, and why. */
interface Ending {
  readonly ending: RunEnding;
  readonly words: string;
}

/** One run as one viewer sees it: makes chunks of its stored events, which are valid whatever the viewer was not told. */
export class RunView<Chunk extends AnyChunk> {
  readonly id: string;
  /** `open.id` of its event `run`; undefined while that was not told. */
  openId: string | undefined;
  /** True once its end was told. */
  isOver = false;
  #input: unknown;
  readonly #dialect: Dialect<Chunk>;
  #ownGuard: Guard<Chunk> | undefined;
  readonly #parts: Map<string, KnownPart<Chunk>>;
  /** Parts that the viewer has of an earlier stream, and that are open: opened anew with the run. */
  readonly #again: KnownPart<Chunk>[];
  /** Closing chunks, stored before the settlements that they are told with. */
  readonly #held = new Map<string, Chunk>();
  #said: Chunk | undefined;
  #ending: Ending | undefined;
  #isStarted = false;
  readonly #gaps: StreamGap['data'][] = [];

  constructor(dialect: Dialect<Chunk>, id: string, known: NonNullable<Place<Chunk>['run']>['parts'] = []) {
    this.#dialect = dialect;
    this.id = id;
    this.#parts = new Map(known.map(([part, one]) => [part, { ...one }]));
    this.#again = [...this.#parts.values()];
  }

  /** True while something was read that is not told yet. */
  get isHolding(): boolean {
    return this.#held.size > 0 || this.#said !== undefined || this.#ending !== undefined;
  }

  /** Parts that are open to the viewer. */
  get parts(): [part: string, known: KnownPart<Chunk>][] {
    return [...this.#parts].map(([part, known]) => [part, { ...known }]);
  }

  /** Made when it is asked for: by then the opening was told, where the viewer is told it. */
  get #guard(): Guard<Chunk> {
    this.#ownGuard ??= this.#dialect.guard(this.#run);
    return this.#ownGuard;
  }

  get #run(): ToldRun {
    return { id: this.id, input: this.#input };
  }

  /** Its event `run`. */
  *told(
    open: OpenPart | undefined,
    { input, outcome }: { input: unknown; outcome: string },
  ): Generator<Chunk> {
    this.#input = input;
    this.openId = open?.id ?? this.openId;
    const state = runStateOf(open);
    if (state === 'running') return; // a chunk that begins it may follow
    this.#ending = { ending: state, words: outcome };
    // The leases of its texts may be over a little later than its own.
    if (state === 'lost' && this.#parts.size > 0) return;
    yield* this.end();
  }

  /** Tells if a chunk is told later than it is read: with the settlement of its part, or of the run. */
  keeps(chunk: Chunk): boolean {
    const sorted = this.#dialect.sort(chunk);
    return sorted.is === 'ends' || (sorted.is === 'closes' && this.#parts.has(sorted.part));
  }

  /** A stored chunk. */
  *chunk(chunk: Chunk): Generator<Chunk> {
    const sorted = this.#dialect.sort(chunk);
    if (sorted.is === 'closes') this.#held.set(sorted.part, chunk);
    else if (sorted.is === 'ends') this.#said = chunk;
    else yield* this.#tell(chunk);
  }

  /** A growing event, as it is now. */
  *part(open: OpenPart, { part, n, start, text }: StoredPart<Chunk>): Generator<Chunk> {
    let known = this.#parts.get(part);
    if (known && known.id !== open.id && n === 0) {
      yield* this.#close(part); // its settlement was missed
      known = undefined;
    }
    const isNew = !known;
    known = known?.id === open.id ? known : { id: open.id, length: 0, start };
    this.#parts.set(part, known); // before it is told: a viewer's place is right also in between
    if (isNew) yield* this.#tell(start);
    const told = known.length;
    known.length = Math.max(told, text.length);
    if (text.length > told) yield* this.#tell(this.#dialect.delta(start, text.slice(told)));
    if (open.state !== 'open' && open.reason !== CONTINUES) yield* this.#close(part);
    yield* this.#endIfClosed();
  }

  /** Something was missed. It is told once the run has begun for the viewer. */
  *gap(gap: StreamGap['data']): Generator<Chunk> {
    this.#gaps.push(gap);
    if (this.#isStarted) yield* this.#start();
  }

  /** Events were erased: parts of them are open no more, nor is the run if its own was. */
  *erased(ids: readonly string[]): Generator<Chunk> {
    for (const [part, { id }] of this.#parts) if (ids.includes(id)) yield* this.#close(part);
    if (this.openId !== undefined && ids.includes(this.openId))
      this.#ending ??= { ending: 'lost', words: '' };
    yield* this.#endIfClosed();
  }

  /** All that is open was told: a run that is not open is over, and so is one that waits for the ends of its texts. */
  *synced(): Generator<Chunk> {
    if (!this.isOver && (this.openId === undefined || this.#ending)) yield* this.end();
  }

  /** Tells its end, after all that is open. */
  *end(): Generator<Chunk> {
    const { ending, words } = this.#ending ?? { ending: 'lost', words: '' };
    yield* this.#start();
    for (const part of [...this.#parts.keys()]) yield* this.#close(part);
    yield* this.#guard.closings();
    yield* this.#dialect.ended(this.#run, ending, this.#said, words);
    this.#ending = undefined;
    this.#said = undefined;
    this.#held.clear();
    this.isOver = true;
  }

  *#endIfClosed(): Generator<Chunk> {
    if (this.#ending && this.#parts.size === 0) yield* this.end();
  }

  *#close(part: string): Generator<Chunk> {
    const { start } = this.#parts.get(part) ?? {};
    const held = this.#held.get(part);
    this.#parts.delete(part);
    this.#held.delete(part);
    if (start) yield* this.#tell(held ?? this.#dialect.closing(start));
  }

  *#start(): Generator<Chunk> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      yield* this.#admitted(this.#dialect.started(this.#run));
    }
    yield* this.#admitted(this.#again.splice(0).map(({ start }) => this.#dialect.reopening(start)));
    yield* this.#admitted(this.#gaps.splice(0).map((gap) => this.#dialect.gap(gap)));
  }

  *#tell(chunk: Chunk): Generator<Chunk> {
    if (this.#dialect.sort(chunk).is !== 'starts') yield* this.#start();
    else if (this.#isStarted) return;
    this.#isStarted = true;
    yield* this.#admitted([chunk]);
    yield* this.#start();
  }

  *#admitted(chunks: readonly Chunk[]): Generator<Chunk> {
    for (const chunk of chunks) {
      const admitted = this.#guard.admit(chunk);
      if (admitted) yield admitted;
    }
  }
}
