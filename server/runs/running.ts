import { isBefore, parseCursor } from '../../shared/cursor.ts';
import { withoutControlCharacters } from '../../shared/data/control-characters.ts';
import { clipText, EventsError, isRetryable, messageOf } from '../../shared/errors.ts';
import type { BegunEvent, OpenHandle } from '../../shared/open/handles.ts';
import { wellFormed } from '../../shared/open/pieces.ts';
import type { RunEnd } from '../../shared/runs/run-state.ts';
import { type Clock, sleep } from '../../shared/timing.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import { placeBefore } from './run-search.ts';
import { RunOutput, type RunWork } from './run-work.ts';
import { type RunsCatalog, runsManager } from './runs-catalog.ts';

/** Ms for which work that was told to stop may go on, to say its last words. */
const GRACE_MS = 5_000;
/** Ms between two tries during an outage. */
const RETRY_MS = 500;
/** Records before a run's opening among which a stop of it may be, that was faster than the start. */
const STOPS_BEFORE = 256;
/** Ms before a run's opening from which a stop is of an earlier run of its id, which is free again after a day. */
const EARLIER_MS = 3_600_000;

/** Parts of a run in this process. */
export interface RunningOptions {
  readonly id: string;
  readonly topic: string;
  readonly input: unknown;
  readonly by: string | undefined;
  readonly begun: BegunEvent;
  readonly leaseMs: number | undefined;
  readonly clock: Clock;
}

/** Why a run ends before its work does. */
interface Cause {
  readonly state: 'stopped' | 'lost';
  readonly words: string;
}

/** A run whose work is in this process. */
export class Running<C extends RunsCatalog> {
  /** Never rejects. */
  readonly ended: Promise<RunEnd>;
  readonly #manager: EventManager<C>;
  readonly #options: RunningOptions;
  readonly #handle: OpenHandle;
  readonly #output: RunOutput<C>;
  /** Tells the work to end. */
  readonly #work = new AbortController();
  /** Ends what goes on beside the work: at the end, or when the manager is closed. */
  readonly #beside = new AbortController();
  /** Ends tries again: the manager is being closed. */
  readonly #closing = new AbortController();
  readonly #resolve: (end: RunEnd) => void;
  #cause: Cause | undefined;
  #isEnding = false;

  constructor(manager: EventManager<C>, options: RunningOptions) {
    const { id, topic, input, by, begun, leaseMs } = options;
    this.#manager = manager;
    this.#options = options;
    let resolve: (end: RunEnd) => void = () => {};
    this.ended = new Promise((onEnd) => {
      resolve = onEnd;
    });
    this.#resolve = resolve;
    const onLost = () =>
      this.#interrupt({ state: 'lost', words: 'Lost: its lease was over, or its log was lost' });
    this.#handle = manager.hold('run', begun, { topic, by, leaseMs, onLost });
    this.#output = new RunOutput(manager, { id, topic, input, signal: this.signal }, leaseMs);
  }

  get signal(): AbortSignal {
    return this.#work.signal;
  }

  /** Calls the work, once. */
  run(work: RunWork<C>): void {
    const letGo = this.#manager.onClose(() => this.#close());
    void this.ended.then(letGo);
    void this.#heedStops();
    void (async () => work(this.#output))().then(
      () => this.#end(undefined),
      (error: unknown) => this.#end({ error }),
    );
  }

  /** Aborts the work. If it does not end by itself, the run does after a while. */
  #interrupt(cause: Cause): void {
    if (this.#cause || this.#isEnding) return;
    this.#cause = cause;
    const { clock } = this.#options;
    this.#work.abort(new DOMException(cause.words, 'AbortError'));
    void sleep(clock, GRACE_MS, this.#beside.signal).then(
      () => this.#end(undefined),
      () => {}, // it has ended
    );
  }

  /** Waits for somebody to stop it, from its opening on: so no outage hides a stop. */
  async #heedStops(): Promise<void> {
    const { topic, id, begun, clock } = this.#options;
    const { signal } = this.#beside;
    const manager = runsManager(this.#manager);
    const opening = parseCursor(begun.cursor);
    const earliest = Date.now() - EARLIER_MS;
    let since = placeBefore(begun.cursor, STOPS_BEFORE);
    while (!signal.aborted) {
      try {
        const stops = { topic, since, types: ['run_stop' as const], filter: { run_id: id }, signal };
        for await (const [cursor, item] of manager.subscribe(stops)) {
          since = cursor;
          if (item.event_type !== 'run_stop') continue;
          if (isBefore(parseCursor(cursor), opening) && Date.parse(item.timestamp) < earliest) continue;
          const { by, data } = item;
          this.#interrupt({ state: 'stopped', words: stopWords(by, data.reason) });
        }
        return; // it has ended, or the manager is closed
      } catch {
        await sleep(clock, RETRY_MS, signal).catch(() => {});
      }
    }
  }

  /** At once: there is no time for work to end by itself. */
  async #close(): Promise<void> {
    this.#closing.abort();
    this.#interrupt({ state: 'lost', words: 'The event manager was closed' });
    await this.#end(undefined);
    await this.ended;
  }

  async #end(failure: { error: unknown } | undefined): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { id, topic } = this.#options;
    if (this.#cause) return this.#settle(this.#cause.state, this.#cause.words);
    if (!failure) return this.#settle('done', '');
    const { error } = failure;
    this.#manager.logger.error({ err: error, run: id, topic }, 'A run failed');
    return this.#settle('failed', failureWords(error));
  }

  /** Settles the run, after all that it has begun. Never rejects. */
  async #settle(state: RunEnd['state'], words: string): Promise<void> {
    this.#beside.abort();
    this.#work.abort(new DOMException('The run has ended', 'AbortError')); // nothing, where it was aborted before
    await this.#output.end();
    const outcome = state === 'lost' ? '' : words;
    if (outcome !== '') void this.#handle.append(outcome); // a failure of it is told by what follows
    const { by, begun, clock } = this.#options;
    const told = by === undefined ? {} : { by };
    while (true) {
      try {
        const { cursor } = await (state === 'done'
          ? this.#handle.done()
          : this.#handle.abort(reasonOf(state)));
        return this.#resolve({ state, outcome, ...told, cursor });
      } catch (error) {
        if (isRetryable(error) && !this.#closing.signal.aborted) {
          await sleep(clock, RETRY_MS, this.#closing.signal).catch(() => {}); // then it is tried once more
          continue;
        }
        const { cursor } = (error instanceof EventsError && error.settled) || begun;
        return this.#resolve({ state: 'lost', outcome: '', ...told, cursor });
      }
    }
  }
}

/** The reason of a settlement: see RUN_ENDS. */
function reasonOf(state: RunEnd['state']): string {
  return state === 'lost' ? 'closed' : state;
}

function stopWords(by: string | undefined, reason: string | undefined): string {
  return `Stopped${by === undefined ? '' : ` by ${by}`}${reason ? `: ${reason}` : ''}`;
}

function failureWords(error: unknown): string {
  const words = wellFormed(withoutControlCharacters(clipText(messageOf(error)))); // as the log has them
  return words || 'The work failed, and did not say why';
}
