import type { EventEmitter } from 'node:events';
import type { Position } from '../../../shared/cursor.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { ReadSteps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import type { Selector } from '../records/selector.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import type { OpenView } from './open/open-view.ts';

export interface HubEvents {
  /**
   * All records, in log order, and what is told of open events between them; `position` is the last one's place, or beyond,
   * when this is emitted. Listeners must not throw.
   */
  batch: [records: readonly StreamRecord[]];
  closed: [];
}

/** Fans a topic's records out to caught-up feeds. `position` is the last record emitted. */
export interface Hub {
  readonly log: TopicReader;
  readonly telemetry: Telemetry;
  readonly emitter: EventEmitter<HubEvents>;
  /** Resolves once `position` is known. Rejects when the broker was closed. */
  started(): Promise<void>;
  /** Moves synchronously with handing out. Whoever stands here and joins misses nothing [D7]. */
  readonly position: Position;
  /** Its position before it moved on: a feed that takes none of the records handed out now still stands here. */
  readonly previous: Position;
  /**
   * The place of the log that it is known to come to: that of the last record that has arrived here, or that this process
   * has written, if that is later. What is held back for a pace is not waited for. Null where nothing is known.
   */
  readonly coming: Position | null;
  /** True while a record has arrived that it hands out next. */
  readonly isMoving: boolean;
  /** The topic's open set, of the same moment as `position`; null where there is none. */
  readonly open: OpenView | null;
  /**
   * Records right after a position, as they would have been handed out: those of one step, when it is its turn.
   * @param arrived may be told the last of them before they are ready, see {@link TopicReader.read}
   */
  read(
    after: Position,
    steps: ReadSteps,
    arrived?: (last: Position) => void,
  ): ReturnType<TopicReader['read']>;
  /**
   * Hands a sink the records that a selector selects, from here until it leaves.
   * @returns the selector of all that select alike, so that each need not hold its own
   */
  join(selector: Selector, sink: Sink): Selector;
  leave(selector: Selector, sink: Sink): void;
}

/** Takes a hub's records for one subscriber, or hands them on to several. */
export interface Sink {
  /** Names the subscriber in the log. */
  readonly name: string;
  /** The subscribers that it hands on to, and reports of. Left out: it is one itself. */
  readonly subscribers?: (() => readonly Sink[]) | undefined;
  /** Sinks that select alike and have one group get the same bytes; undefined: it shares them with nobody. */
  readonly group: object | undefined;
  /** Its owner: it gets items for this subject alone. Left out: nobody's, or of several. */
  readonly subject?: string | undefined;
  /** True if nothing may be handed to it now. */
  readonly isFull: boolean;
  /** @returns false if it should be handed no more until it has caught up */
  take(batch: Batch): boolean;
  /** Called once everybody was handed the batch that filled it, or, with `missed`, the one that it was not handed. */
  overflow(missed: boolean): void;
}

/** Makes the bytes of a record that are the same for all subscribers of a transport. */
export type EncodeBody = (record: StreamRecord) => Buffer;

/** The form in which one subscriber gets its events. Equal styles are one object, and get equal bytes. */
export interface FrameStyle {
  /** The bodies of events, framed for the transport: what one subscriber gets in one write. */
  frame(bodies: readonly Buffer[]): Buffer;
}

/** Bodies of records, and their frames by style. */
interface Encoded {
  readonly bodies: readonly Buffer[];
  readonly frames: Map<FrameStyle, Buffer>;
}

/** Records that are handed out together, and their bytes: encoded once, and framed once per distinct style. */
export class Batch {
  readonly records: readonly StreamRecord[];
  #encoded: Map<EncodeBody, Encoded> | undefined;
  /** Most sinks have the style of the one before. */
  #encode: EncodeBody | undefined;
  #style: FrameStyle | undefined;
  #frames: Buffer | undefined;

  constructor(records: readonly StreamRecord[]) {
    this.records = records;
  }

  framesFor(encode: EncodeBody, style: FrameStyle): Buffer {
    if (this.#frames && style === this.#style && encode === this.#encode) return this.#frames;
    const { bodies, frames } = this.#encodedBy(encode);
    const framed = frames.get(style) ?? style.frame(bodies);
    frames.set(style, framed);
    this.#encode = encode;
    this.#style = style;
    this.#frames = framed;
    return framed;
  }

  #encodedBy(encode: EncodeBody): Encoded {
    this.#encoded ??= new Map();
    let encoded = this.#encoded.get(encode);
    if (!encoded) {
      encoded = { bodies: this.records.map(encode), frames: new Map() };
      this.#encoded.set(encode, encoded);
    }
    return encoded;
  }
}
