import type { LogRecord, Tail, TailSink } from '../../../server/broker/broker.ts';
import type { OpenChange, OpenEvent, OpenSet, OpenSink } from '../../../server/broker/open/open-events.ts';
import { MemoryBroker } from '../../../server/index.ts';
import type { Position } from '../../../shared/cursor.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { entryOf } from './world.ts';

type Body<C> = C extends OpenChange ? Omit<C, 'at' | 'rev'> : never;

/** A log in memory whose open set is told by hand, at any time and in any order. */
export class HandBroker extends MemoryBroker {
  /** Sets that were read. */
  reads = 0;
  /** The set that is told at the start, and whenever it is read. */
  now: Omit<OpenSet, 'at'> & { at?: Position } = { rev: 0, events: [] };
  /** False: records wait in {@link held}. */
  flows = true;
  readonly #held: (readonly LogRecord[])[] = [];
  #sink: TailSink | null = null;
  #start: Position = { epoch: '', seq: 0 };

  override async tail(topic: string, sink: TailSink): Promise<Tail> {
    this.#sink = sink;
    const records = (batch: readonly LogRecord[]): void => {
      if (this.flows) sink.records(batch);
      else this.#held.push(batch);
    };
    const start = (position: Position): void => {
      this.#start = position;
      sink.start(position);
    };
    const tail = await super.tail(topic, { start, records, gap: (gap) => sink.gap(gap) });
    sink.open?.set(this.set());
    return tail;
  }

  get epoch(): string {
    return this.#start.epoch;
  }

  get sink(): TailSink {
    if (!this.#sink) throw new Error('nobody follows the topic');
    return this.#sink;
  }

  get told(): OpenSink {
    const { open } = this.sink;
    if (!open) throw new Error('the open set is not followed');
    return open;
  }

  set(): OpenSet {
    return { at: this.#start, ...this.now };
  }

  /** Tells a change, made right after a record. */
  change(rev: number, seq: number, body: Body<OpenChange>): void {
    this.told.change({ at: { epoch: this.epoch, seq }, rev, ...body });
  }

  /** Lets the records that wait flow on. */
  flow(): void {
    this.flows = true;
    for (const batch of this.#held.splice(0)) this.sink.records(batch);
  }
}

/** An open reply. */
export function replyOf(id: string, text: string, rev: number, cursor: string): OpenEvent {
  const open = { id, kind: 'growing', state: 'open', field: 'text' } as const;
  const entry: LogEntry = { ...entryOf('reply', { agent_id: 'shadow', text: '' }, { open }), id };
  return { id, kind: 'growing', entry, grows: { field: 'text', text }, cursor, until: 0, rev };
}

/** The record that settles a reply. */
export function settlementOf(id: string, text: string): LogEntry {
  const open = { id, kind: 'growing', state: 'done', field: 'text' } as const;
  return { ...entryOf('reply', { agent_id: 'shadow', text }, { open }), id: `${id}.settled` };
}

/** A member who is present. */
export function viewerOf(id: string, name: string, rev: number, cursor: string): OpenEvent {
  const open = { id, kind: 'presence', state: 'open' } as const;
  return {
    id,
    kind: 'presence',
    entry: { ...entryOf('viewer', { name }, { open }), id },
    cursor,
    until: 0,
    rev,
  };
}
