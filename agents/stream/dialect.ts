import type { StreamGap } from '../../shared/stream-items.ts';

/** A chunk of a run's stream: an AG-UI event, or a part of an AI SDK stream. */
export interface AnyChunk {
  readonly type: string;
}

/** A chunk's place in what is written: texts grow, all else is a record. */
export type Sorted<Chunk> =
  | {
      /** It opens a part whose text grows: an event of `type` is begun, which holds the chunk. */
      readonly is: 'opens';
      /** One name of the part among those of its run that are open. */
      readonly part: string;
      readonly type: string;
    }
  | {
      readonly is: 'grows';
      readonly part: string;
      readonly text: string;
      /** The chunk with an empty text, where it has more than its part and a text. */
      readonly rest?: Chunk | undefined;
    }
  | {
      readonly is: 'closes';
      readonly part: string;
      /** The chunk, where it has more than its part. */
      readonly rest?: Chunk | undefined;
    }
  /** It begins the run, with more than its id. */
  | { readonly is: 'starts' }
  /** The end of the run in the words of its code: told when the run is settled as `done`, or as `failed`. */
  | { readonly is: 'ends' }
  | { readonly is: 'else' };

/** A run, as its readers know it. */
export interface ToldRun {
  readonly id: string;
  /** `input` of its opening; undefined to one who has not been told that. */
  readonly input: unknown;
}

/** The end of a run. `lost`: its node died, or its end is not in the log any more. */
export type RunEnding = 'done' | 'failed' | 'stopped' | 'lost';

/** A stream's rules, kept for one viewer and one run: it lets through what is valid for that viewer. */
export interface Guard<Chunk> {
  /** The chunk as it is valid now, or undefined where it is not: it goes on from something that this viewer was not told. */
  admit(chunk: Chunk): Chunk | undefined;
  /** Closes all that this viewer sees open. */
  closings(): Chunk[];
}

/** The words of a stream, for its writer and its readers. */
export interface Dialect<Chunk extends AnyChunk> {
  /** `kind` of its runs. */
  readonly kind: string;
  /** Type of the stored event that holds one chunk, under `chunk`. */
  readonly record: string;
  /** Types of the growing events that hold parts → the field that grows. */
  readonly grows: Readonly<Record<string, string>>;
  sort(chunk: Chunk): Sorted<Chunk>;
  /** The chunk that opens a part anew for a viewer that has it already, from the one that opened it first. */
  reopening(start: Chunk): Chunk;
  /** A chunk with more text for a part. */
  delta(start: Chunk, text: string): Chunk;
  /** The chunk that closes a part, from the one that opened it. */
  closing(start: Chunk): Chunk;
  guard(run: ToldRun): Guard<Chunk>;
  /** Chunks that begin a run for a viewer that is not told the stored one. */
  started(run: ToldRun): Chunk[];
  /**
   * Chunks that end a run, after its closings.
   * @param said the end in the words of its code, where it was stored
   * @param words why it failed, or who stopped it
   */
  ended(run: ToldRun, ending: RunEnding, said: Chunk | undefined, words: string): Chunk[];
  /** A chunk that says that something was missed. */
  gap(gap: StreamGap['data']): Chunk;
}
