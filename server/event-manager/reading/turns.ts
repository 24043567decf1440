import { EventsError } from '../../../shared/errors.ts';
import type { Asker } from './asker.ts';

export interface TurnsOptions {
  /** Number that run at a time. */
  atOnce: number;
  /** Number that run at a time for one asker. */
  perAsker: number;
  /**
   * Ms of one turn of the event loop in which more are started; then everything else of this process comes first.
   * 0: one for each turn of the event loop.
   */
  sliceMs: number;
  /** Ms after which one whose log has not answered is not counted any more: it must not hold up the others. */
  patienceMs?: number;
  /** Default: `performance.now`. */
  now?: () => number;
  /** Calls back in a later turn of the event loop. Default: `setImmediate`. */
  later?: (callback: () => void) => void;
}

/** Resolves in a turn of the event loop that has time left: at once in that in which it was last waited for, while it has. */
export type LookTime = () => Promise<void>;

/** Work that one asker waits for. */
interface Line {
  readonly asker: Asker;
  readonly waiting: (() => void)[];
  running: number;
  /** Its asker is full. */
  isParked: boolean;
}

/**
 * A turnstile for whatever reads logs. Askers pass it in turn, one thing of each, however much each of them asks for;
 * and what passes within one turn of the event loop takes a few ms, however much waits. What waits holds nothing.
 *
 * Answers of logs pass it too: several may come in one turn of the event loop, and to look at one takes longer than to
 * ask for it.
 */
export class Turns {
  readonly #options: TurnsOptions & Required<Pick<TurnsOptions, 'now' | 'later'>>;
  readonly #lines = new WeakMap<Asker, Line>();
  /** The lines whose first may pass, in the order of their turns. */
  readonly #ready = new Set<Line>();
  /** Work whose answer has come and was not looked at yet, in the order of the answers. */
  readonly #answered: (() => void)[] = [];
  /** One of them looks at its answer. */
  #isLooking = false;
  #running = 0;
  /** When the first passed in this turn of the event loop; null before. */
  #sliceBegan: number | null = null;
  #isScheduled = false;
  /** Number of this slice: whoever began in it has its time already. */
  #slice = 0;

  constructor(options: TurnsOptions) {
    this.#options = { now: () => performance.now(), later: setImmediate, ...options };
  }

  /** Nobody waits. */
  get idle(): boolean {
    return this.#ready.size === 0;
  }

  /**
   * Does something when it is the asker's turn. Work whose answer came in a later turn of the event loop waits for `time`
   * before it looks at it.
   * @throws EventsError CLOSED when the asker is gone, or `signal` has aborted, by then
   */
  async run<T>(asker: Asker, work: (time: LookTime) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const line = this.#lineOf(asker);
    if (this.idle && line.waiting.length === 0 && !asker.full && this.#hasRoom(line)) this.#admit(line);
    else {
      await new Promise<void>((resolve) => {
        line.waiting.push(resolve);
        this.#update(line);
        this.#next();
      });
    }
    const { answered, done } = this.#counted(line);
    try {
      if (asker.gone || signal?.aborted)
        throw new EventsError('CLOSED', 'The client that asked for this is gone.');
      let slice = this.#slice;
      return await work(async () => {
        answered();
        if (slice === this.#slice && !this.#isSliceOver) return;
        await this.#timeToLook();
        slice = this.#slice;
      });
    } finally {
      done();
    }
  }

  /** Resolves in a turn of the event loop that has time left, when whoever looked before is done. */
  #timeToLook(): Promise<void> {
    return new Promise((resolve) => {
      this.#answered.push(resolve);
      this.#lookAtNext();
    });
  }

  #lookAtNext(): void {
    if (this.#isLooking || this.#answered.length === 0) return;
    this.#schedule(); // where the next slice begins
    if (this.#isSliceOver) return;
    this.#sliceBegan ??= this.#options.now();
    this.#isLooking = true;
    this.#answered.shift()?.();
    settled(() => {
      this.#isLooking = false;
      this.#lookAtNext();
    });
  }

  #lineOf(asker: Asker): Line {
    const known = this.#lines.get(asker);
    if (known) return known;
    const line = { asker, waiting: [], running: 0, isParked: false };
    this.#lines.set(asker, line);
    return line;
  }

  #hasRoom(line: Line): boolean {
    return (
      this.#running < this.#options.atOnce && line.running < this.#options.perAsker && !this.#isSliceOver
    );
  }

  get #isSliceOver(): boolean {
    return this.#sliceBegan !== null && this.#options.now() - this.#sliceBegan >= this.#options.sliceMs;
  }

  #admit(line: Line): void {
    line.running++;
    this.#running++;
    this.#sliceBegan ??= this.#options.now();
    this.#schedule(); // where the next slice begins
  }

  /** Lets the next one pass, if there is room. It is done before another is, unless it waits for its log. */
  #next(): void {
    for (const line of this.#ready) {
      if (this.#running >= this.#options.atOnce) return; // whoever is done calls again
      if (this.#isSliceOver) break;
      this.#ready.delete(line);
      if (line.asker.full) {
        this.#park(line);
        continue;
      }
      const { waiting } = line;
      // All that one who is gone still waits for is refused in one turn: each thing that waits holds some KB.
      for (const pass of waiting.splice(0, line.asker.gone ? waiting.length : 1)) {
        this.#admit(line);
        pass();
      }
      this.#update(line);
      return;
    }
    if (!this.idle) this.#schedule();
  }

  #update(line: Line): void {
    const isReady = line.waiting.length > 0 && line.running < this.#options.perAsker && !line.isParked;
    if (isReady) this.#ready.add(line);
    else this.#ready.delete(line);
  }

  #park(line: Line): void {
    line.isParked = true;
    void line.asker.drained().then(() => {
      line.isParked = false;
      this.#update(line);
      this.#next();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.later(() => {
      this.#isScheduled = false;
      this.#sliceBegan = null;
      this.#slice++;
      this.#lookAtNext();
      this.#next();
    });
  }

  /**
   * Counts one that runs, until it is `done`; for `patienceMs` if it is not `answered` by then: whoever waits for time to
   * look at an answer holds it, and counts as long.
   */
  #counted(line: Line): { answered(): void; done(): void } {
    const { patienceMs } = this.#options;
    let counts = true;
    const done = (): void => {
      if (!counts) return;
      counts = false;
      clearTimeout(timer);
      line.running--;
      this.#running--;
      this.#update(line);
      this.#next();
    };
    const timer = patienceMs === undefined ? undefined : setTimeout(done, patienceMs).unref();
    return { answered: () => clearTimeout(timer), done };
  }
}

/** Calls back once all promises have led on that wait for no event. A tick that a tick asks for would come before them. */
function settled(callback: () => void): void {
  queueMicrotask(() => process.nextTick(callback));
}

/** The turns in which one process reads logs, step by step. Each that runs may hold a step's records. */
export function readTurns(): Turns {
  return new Turns({ atOnce: 8, perAsker: 4, sliceMs: 2, patienceMs: 250 });
}

/** The turns in which one process makes pages. Each that runs may hold a page; the next waits until it is sent. */
export function pageTurns(): Turns {
  return new Turns({ atOnce: 32, perAsker: 1, sliceMs: 0 });
}
