import { setTimeout as delay } from 'node:timers/promises';
import { EventsError } from '../../../shared/errors.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import type { Asker, HeldRecords, RecordHolder } from './asker.ts';
import type { LookTime, Turns } from './turns.ts';

/** Records of one step. */
export const STEP_RECORDS = 512;
/** Ms for looking at them. */
const STEP_MS = 2;
/** Ms, about, until a log that could not be reached is asked again. */
const RETRY_MS = 250;

/** Records that one step has read. */
export interface StepRecords {
  readonly records: readonly StreamRecord[];
  /** True if there was no time for all that the log had to give. */
  readonly isCut?: boolean;
}

/** The turns that a read of logs takes, and the asker it reads for. */
export interface Reads {
  readonly turns: Turns;
  readonly asker: Asker;
  /** Bounds what is held between two steps. */
  readonly held: HeldRecords;
}

/**
 * The steps in which a log is read: each waits for its turn, asks for a number of records, and looks at as many as a
 * few ms allow. The others are asked for again: between two steps nothing is held but what was reduced, within bounds.
 */
export class ReadSteps implements RecordHolder {
  readonly #reads: Reads;
  readonly #signal: AbortSignal | undefined;
  readonly #maxRecords: number;
  readonly #now: () => number;
  #records: number;
  #crowded = false;

  /**
   * @param signal ends the steps
   * @param maxRecords records of one step at most
   */
  constructor(
    reads: Reads,
    signal?: AbortSignal | undefined,
    maxRecords: number = STEP_RECORDS,
    now: () => number = () => performance.now(),
  ) {
    this.#reads = reads;
    this.#signal = signal;
    this.#maxRecords = maxRecords;
    this.#now = now;
    this.#records = maxRecords;
  }

  /** Tells if the records held between these steps are to be handed out now: with those of others they are too much. */
  get crowded(): boolean {
    return this.#crowded;
  }

  /** Notes the characters that are held until the next step; 0 once they were handed out. */
  hold(chars: number): void {
    if (chars === 0) this.#crowded = false;
    this.#reads.held.set(this.#reads.asker, this, chars);
  }

  giveUp(): void {
    this.#crowded = true;
  }

  /** Nobody waits for a turn. */
  get idle(): boolean {
    return this.#reads.turns.idle;
  }

  /** Asks the log, when it is its turn, for as many records as a step has. @throws EventsError CLOSED, and what `ask` throws */
  read<T>(ask: (records: number, time: LookTime) => Promise<T>): Promise<T> {
    return this.#reads.turns.run(this.#reads.asker, (time) => ask(this.#records, time), this.#signal);
  }

  /** The records of a step for which there is time, one at least. How many were taken says how many the next asks for. */
  *within({ records, isCut = false }: StepRecords): Generator<StreamRecord, void, undefined> {
    const until = this.#now() + STEP_MS;
    let taken = 0;
    try {
      for (const record of records) {
        if (taken > 0 && this.#now() >= until) return;
        taken++;
        yield record;
      }
    } finally {
      if (taken < records.length || isCut) this.#records = Math.max(1, taken);
      else if (taken === this.#records) this.#records = Math.min(this.#maxRecords, 2 * this.#records);
    }
  }
}

/** Asks a broker, again while it cannot be reached: an outage delays a stream, it does not end it. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EventsError && error.code === 'UNAVAILABLE')) throw error;
      await delay(RETRY_MS * (0.5 + Math.random()), undefined, { signal });
    }
  }
}
