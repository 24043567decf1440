import { newEntryId } from '../../shared/data/entry-ids.ts';
import { EventsError, refusedBy } from '../../shared/errors.ts';
import { type EventInput, type EventName, subjectIdSchema } from '../../shared/events.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import type { RunEnd } from '../../shared/runs/run-state.ts';
import { type Clock, systemClock } from '../../shared/timing.ts';
import { parseTopic } from '../../shared/topic.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import type { DeliveredItem } from '../event-manager/records/stream-record.ts';
import { endOfRun, type FollowOptions, followRun } from './following.ts';
import { findRun, openRuns, type RunStatus } from './run-search.ts';
import type { RunWork } from './run-work.ts';
import { Running } from './running.ts';
import { type RunsCatalog, type RunsManager, runsManager } from './runs-catalog.ts';

/** Options of {@link runs}. */
export interface RunsOptions {
  /** The topic of their output. Default `default`. */
  topic?: string | undefined;
  /** Ms after the death of a run's process until the run is told to be lost, 1 s to 1 h. Default 15 s. */
  leaseMs?: number | undefined;
  /** Clock of the time that work has to end once it was told to, and of tries again. Default: the machine's. */
  clock?: Clock | undefined;
}

/** Options of a start. */
export interface StartOptions {
  /** The run's name in its topic, 1–128 characters: started again under it, it is the same run [O1]. Default: a fresh one. */
  id?: string | undefined;
  /** A word for the work that it is, at most 64 characters. Default `work`. */
  kind?: string | undefined;
  /** JSON that its opening has, at most 262 144 characters of it. Default null. */
  input?: EventInput<'run', RunsManager['catalog']>['input'] | undefined;
  /** Id of the subject that it is started for. Default: nobody is named. */
  by?: string | undefined;
}

/** A run, to whoever has started it. */
export interface Run {
  readonly id: string;
  /** The place of its opening. */
  readonly cursor: string;
  /** False where it had been started before, here or elsewhere: then its work was not called. */
  readonly started: boolean;
  /** The signal that its work has, where that is in this process. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Resolves once it has ended. Rejects with CLOSED where this process's manager is closed before, and the work is in
   * another. Nobody has to wait for it.
   */
  readonly ended: Promise<RunEnd>;
}

/** Pieces of work whose output is a topic: see {@link runs}. */
export class Runs<C extends RunsCatalog> {
  readonly topic: string;
  readonly #manager: EventManager<C>;
  readonly #own: RunsManager;
  readonly #leaseMs: number | undefined;
  readonly #clock: Clock;

  constructor(manager: EventManager<C>, { topic, leaseMs, clock = systemClock }: RunsOptions = {}) {
    this.topic = parseTopic(topic);
    this.#manager = manager;
    this.#own = runsManager(manager);
    this.#leaseMs = leaseMs;
    this.#clock = clock;
  }

  /**
   * Starts a run: `work` is called once, in this process, and goes on whoever watches. What it returns ends the run as `done`,
   * what it throws as `failed`; the words of the error are told to all who see the topic.
   *
   * A start that fails with UNAVAILABLE may have begun the run, whose work nobody does: it is lost once its lease is over.
   * @throws EventsError INVALID_EVENT, INVALID_OPTION, TOO_MANY_OPEN, TOO_LARGE, OVERLOADED, UNAVAILABLE, CLOSED
   */
  async start(
    work: RunWork<C>,
    { id = newEntryId(), kind = 'work', input = null, by }: StartOptions = {},
  ): Promise<Run> {
    const { topic } = this;
    const leaseMs = this.#leaseMs;
    requireId(id);
    const data = { run_id: id, kind, input, outcome: '' };
    try {
      const begun = await this.#own.opens.begin('run', data, { topic, key: id, leaseMs, by });
      if (begun.resumed || begun.settled) return this.#known(id, begun.cursor);
      const running = new Running(this.#manager, {
        id,
        topic,
        input,
        by,
        begun,
        leaseMs,
        clock: this.#clock,
      });
      running.run(work);
      const { signal, ended } = running;
      return { id, cursor: begun.cursor, started: true, signal, ended };
    } catch (error) {
      const isAnothers = error instanceof EventsError && error.code === 'FORBIDDEN';
      const found = isAnothers ? await this.status(id) : undefined;
      if (!found) throw error;
      return this.#known(id, found.opened ?? found.cursor);
    }
  }

  /**
   * Asks for a run to be stopped, wherever its work is: the signal there aborts. A client with the right to publish
   * `run_stop` in the topic does the same by `client.publish('run_stop', { run_id })`.
   * @throws EventsError INVALID_EVENT, INVALID_OPTION, OVERLOADED, UNAVAILABLE, CLOSED
   */
  async stop(
    id: string,
    { by, reason }: { by?: string | undefined; reason?: string | undefined } = {},
  ): Promise<{ cursor: string }> {
    requireId(id);
    const { cursor } = await this.#own.publish('run_stop', { run_id: id, reason }, { topic: this.topic, by });
    return { cursor };
  }

  /** A run as it is now, or as it ended; undefined where the log tells of none. @throws EventsError INVALID_OPTION, UNAVAILABLE, CLOSED */
  async status(id: string): Promise<RunStatus | undefined> {
    requireId(id); // else it would be a filter, by which others are found
    return findRun(this.#own, this.topic, id);
  }

  /**
   * Items of the topic from a run's opening on, as `manager.subscribe` has them, until the run has ended: its settlement is the
   * last. Records that the log does not have any more are a gap in their place; where the end is among them, the gap is last.
   * @throws EventsError INVALID_OPTION, at once; NOT_OPEN where the log tells of no such run; INVALID_CURSOR, UNAVAILABLE, CLOSED
   */
  follow(id: string, options: FollowOptions = {}): AsyncIterable<DeliveredItem<EventName<C>, C>> {
    requireId(id);
    return followRun(this.#manager, this.topic, id, options);
  }

  /** Runs of the topic that are running now, oldest first. @throws EventsError UNAVAILABLE, TOO_LARGE, CLOSED */
  list(): Promise<RunStatus[]> {
    return openRuns(this.#own, this.topic);
  }

  /** A run whose work is elsewhere, or has ended. */
  #known(id: string, cursor: string): Run {
    let ended: Promise<RunEnd> | undefined;
    const end = () => endOfRun(this.#own, this.topic, id);
    return {
      id,
      cursor,
      started: false,
      get ended() {
        ended ??= end();
        ended.catch(() => {}); // nobody has to hear it
        return ended;
      },
    };
  }
}

function requireId(id: string): void {
  const { error } = subjectIdSchema.safeParse(id);
  if (error) throw refusedBy(error, 'INVALID_OPTION', { path: ['id'] });
}

/**
 * Runs of a topic: pieces of work that go on without viewers, that anybody who may can stop, and whose end all are told. The
 * manager's catalog has {@link runEvents}.
 *
 * @example
 * const run = await runs(manager, { topic: 'thread-7' }).start(async ({ signal, begin }) => { … });
 *
 * @throws EventsError INVALID_OPTION where the catalog lacks the events of runs; INVALID_TOPIC
 */
export function runs<C extends RunsCatalog>(manager: EventManager<C>, options: RunsOptions = {}): Runs<C> {
  checkOptions('runs', options, { topic: 1, leaseMs: 1, clock: 1 });
  return new Runs(manager, options);
}
