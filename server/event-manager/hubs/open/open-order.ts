import type { Position } from '../../../../shared/cursor.ts';
import type { LogEntry } from '../../../../shared/log.ts';
import type { OpenChange, OpenSet, OpenSink } from '../../../broker/open/open-events.ts';

/** Something told of an open set, in its place among a topic's records. */
export type OpenStep = {
  /** The text that it brings. */
  readonly json: string;
} & (
  | { readonly step: 'set'; readonly set: OpenSet }
  | { readonly step: 'change'; readonly change: OpenChange }
  | { readonly step: 'ephemeral'; readonly entry: LogEntry }
  | { readonly step: 'count'; readonly type: string }
);

interface Waiting {
  readonly at: Position;
  readonly step: OpenStep;
}

/** Steps, and characters of what they bring, that wait for records at most. Beyond that the set is read again. */
const MAX_WAITING = 10_000;
const MAX_WAITING_CHARS = 4 * 1024 * 1024;
/** Epochs that are remembered as over. */
const MAX_OVER = 8;

/**
 * Puts what is told of a topic's open set in order with its records: a step waits until the records are there up to the
 * place that it was made at. So it does while the records themselves wait [V4]. Changes that do not follow on what was told
 * before, or that are too many to wait, are left out, and the set is read again [O5].
 */
export class OpenOrder implements OpenSink {
  readonly #pass: (step: OpenStep) => void;
  readonly #read: () => Promise<OpenSet>;
  #waiting: Waiting[] = [];
  #waitingChars = 0;
  #end: Position | null = null;
  readonly #over: string[] = [];
  /** The set's revision after all that was passed on; null before the first set. */
  #rev: number | null = null;
  #isReading = false;

  /**
   * @param pass takes a step that is in its place
   * @param read reads the set; rejects only if nothing is to be passed on any more
   */
  constructor(pass: (step: OpenStep) => void, read: () => Promise<OpenSet>) {
    this.#pass = pass;
    this.#read = read;
  }

  /** The records are there up to a position: passes on what waited for it. */
  reached({ epoch, seq }: Position): void {
    const before = this.#end?.epoch;
    this.#end = { epoch, seq };
    if (before !== undefined && before !== epoch) this.#begin(epoch, before);
    this.#release();
  }

  set(set: OpenSet): void {
    this.#add({ at: set.at, step: { step: 'set', json: '', set } });
  }

  change(change: OpenChange): void {
    this.#add({ at: change.at, step: { step: 'change', json: textOf(change), change } });
  }

  ephemeral(entry: LogEntry, at: Position): void {
    this.#add({ at, step: { step: 'ephemeral', json: entry.json, entry } });
  }

  #add(waiting: Waiting): void {
    if (this.#over.includes(waiting.at.epoch)) return;
    this.#waiting.push(waiting);
    this.#waitingChars += waiting.step.json.length;
    this.#release();
    if (this.#waiting.length <= MAX_WAITING && this.#waitingChars <= MAX_WAITING_CHARS) return;
    this.#waiting = [];
    this.#waitingChars = 0;
    this.#readAgain();
  }

  /** Another log begins, with an empty set: what waits for the one before will not come. */
  #begin(epoch: string, before: string): void {
    this.#over.push(before);
    if (this.#over.length > MAX_OVER) this.#over.shift();
    const first = this.#waiting.findIndex(({ at }) => at.epoch === epoch);
    this.#waiting = this.#waiting.filter(({ at }, index) => index >= first && at.epoch !== before);
    this.#waitingChars = this.#waiting.reduce((sum, { step }) => sum + step.json.length, 0);
    this.#rev = 0;
  }

  #release(): void {
    for (let [next] = this.#waiting; next && this.#isReached(next.at); [next] = this.#waiting) {
      this.#waiting.shift();
      this.#waitingChars -= next.step.json.length;
      if (this.#follows(next.step)) this.#pass(next.step);
    }
  }

  #isReached({ epoch, seq }: Position): boolean {
    return !this.#isReading && this.#end?.epoch === epoch && seq <= this.#end.seq;
  }

  #follows(step: OpenStep): boolean {
    if (step.step === 'set') this.#rev = step.set.rev;
    if (step.step !== 'change') return true;
    const { rev } = step.change;
    if (this.#rev === null || rev <= this.#rev) return false; // it is in the set that is to come, or came
    if (rev === this.#rev + 1) this.#rev = rev;
    else this.#readAgain();
    return rev === this.#rev;
  }

  /** Reads the set, in which all is that was told by now; what comes meanwhile waits behind it. */
  #readAgain(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#read().then(
      (set) => {
        this.#isReading = false;
        if (!this.#over.includes(set.at.epoch))
          this.#waiting.unshift({ at: set.at, step: { step: 'set', json: '', set } });
        this.#release();
      },
      () => {}, // nobody follows the topic any more
    );
  }
}

function textOf(change: OpenChange): string {
  if (change.kind === 'begun') return change.event.entry.json;
  if (change.kind === 'replaced') return change.entry.json;
  return change.kind === 'appended' ? change.text : '';
}
