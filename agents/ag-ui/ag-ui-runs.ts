import { type BaseEvent, EventType, type RunAgentInput } from '@ag-ui/core';
import type { EventManager } from '../../server/event-manager/event-manager.ts';
import type { RunContext } from '../../server/runs/run-work.ts';
import { runs } from '../../server/runs/runs.ts';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { clipText, EventsError, messageOf } from '../../shared/errors.ts';
import { checkOptions } from '../../shared/options/known-options.ts';
import { parseTopic } from '../../shared/topic.ts';
import { isRecord } from '../../shared/wire/shapes.ts';
import { refuse } from '../stream/refusal.ts';
import { type Output, StreamWriter } from '../stream/stream-writer.ts';
import { AG_UI, AgUiDialect } from './ag-ui-dialect.ts';
import { type AgUiCatalog, agUiEvents, type OwnCatalog, topicOfThread } from './ag-ui-events.ts';
import { CheckedEvents, eventOf, eventsOf, type ObservableLike } from './checked-events.ts';
import { takenInput } from './taken-input.ts';

/** Facts about a run, for its handler. */
export interface AgUiRunContext {
  /** Aborts when the run is stopped or lost; its reason says who stopped it. */
  readonly signal: AbortSignal;
  /** Id of the subject that asked for the run, where one is authenticated. */
  readonly by: string | undefined;
  readonly topic: string;
  readonly runId: string;
  readonly threadId: string;
}

/** An agent: yields AG-UI's events. It may leave out RUN_STARTED and RUN_FINISHED. What it throws is a RUN_ERROR. */
export type AgUiHandler = (
  input: RunAgentInput,
  context: AgUiRunContext,
) => AsyncIterable<BaseEvent> | ObservableLike;

/** Options of {@link agUiRuns}. */
export interface AgUiRunsOptions {
  /** The topic of a thread; browsers have to name the same. Default `agui-<threadId>`. */
  topicOf?: ((threadId: string) => string) | undefined;
  /** Ms after the death of a run's process until the run is told to be lost, 1 s to 1 h. Default 15 s. */
  leaseMs?: number | undefined;
}

/** AG-UI's runs of a manager: see {@link agUiRuns}. */
export class AgUiRuns {
  readonly #manager: EventManager<OwnCatalog>;
  readonly #topicOf: (threadId: string) => string;
  readonly #leaseMs: number | undefined;

  constructor(manager: EventManager<OwnCatalog>, { topicOf = topicOfThread, leaseMs }: AgUiRunsOptions) {
    this.#manager = manager;
    this.#topicOf = topicOf;
    this.#leaseMs = leaseMs;
  }

  /**
   * Runs an agent for each request that this process accepts. @returns ends it: runs that go on, go on
   * @throws EventsError INVALID_OPTION where the manager has a handler of requests already; CLOSED
   */
  serve(handler: AgUiHandler): () => void {
    return this.#manager.handle('agui_request', async ({ data: { input } }, { topic, by }) => {
      try {
        await this.start(handler, takenInput(input), { topic, by });
      } catch (error) {
        const { runId: run_id } = input;
        const { logger } = this.#manager;
        await refuse(error, { logger, topic, run: run_id }, (refusal) =>
          this.#manager.publish('agui_refused', { run_id, error: refusal }, { topic }),
        );
      }
    });
  }

  /**
   * Starts a run as a request does; one that is known by its id is not started again.
   * @throws EventsError INVALID_TOPIC where the topic is not its thread's; what `runs(…).start` throws
   */
  async start(
    handler: AgUiHandler,
    input: RunAgentInput,
    { topic, by }: { topic?: string; by?: string | undefined } = {},
  ): Promise<void> {
    const { threadId, runId } = input;
    const own = parseTopic(this.#topicOf(threadId));
    if (topic !== undefined && topic !== own)
      throw new EventsError('INVALID_TOPIC', `Thread ${threadId} is in topic ${own}, not in ${topic}.`);
    const thread = runs(this.#manager, { topic: own, leaseMs: this.#leaseMs });
    const isFirst = await this.#isFirst(own);
    await thread.start(
      (run) => {
        const events = () => handler(input, { signal: run.signal, by, topic: own, runId, threadId });
        return write(run, input, isFirst, events);
      },
      { id: runId, kind: AG_UI, input: { thread_id: threadId }, by },
    );
  }

  /** Tells if a topic's log has no run of AG-UI: of any other kind of run a viewer has no messages. */
  async #isFirst(topic: string): Promise<boolean> {
    const runsOfAgUi = { topic, types: ['run'], filter: { kind: AG_UI }, openings: true } as const;
    for (let before: string | undefined; ; ) {
      const { items, previous } = await this.#manager.history({ ...runsOfAgUi, limit: 1, before });
      if (items.length > 0 || previous === null) return items.length === 0;
      before = previous; // a page ends after so many records of other types
    }
  }
}

/** Writes the events of one run. What the handler throws is told to all. */
async function write(
  run: RunContext<OwnCatalog>,
  input: RunAgentInput,
  isFirst: boolean,
  events: () => ReturnType<AgUiHandler>,
): Promise<void> {
  // The dialect names events of this catalog alone, and the manager checks their data.
  const writer = new StreamWriter(new AgUiDialect(input.threadId), run.id, run as unknown as Output);
  const checked = new CheckedEvents();
  const take = async (event: BaseEvent): Promise<void> => {
    for (const each of checked.take(event)) {
      if (each.type === EventType.RUN_ERROR) throw new RunError(each);
      await writer.write(each);
    }
  };
  try {
    for (const event of opening(input, isFirst)) await take(event);
    for await (const yielded of eventsOf(events(), run.signal)) {
      const event = eventOf(yielded);
      const { threadId, runId } = input;
      const own = event.type === EventType.RUN_FINISHED ? { ...event, threadId, runId } : event;
      if (event.type !== EventType.RUN_STARTED) await take(own); // that is told already
    }
    for (const event of checked.end()) await writer.write(event);
  } catch (error) {
    if (!run.signal.aborted) await writer.write(errorEvent(error)).catch(() => {});
    throw error;
  }
}

/** The handler's own RUN_ERROR: its run has failed. */
class RunError extends Error {
  readonly event: BaseEvent;

  constructor(event: BaseEvent) {
    super(String(event['message']));
    this.event = event;
  }
}

function errorEvent(error: unknown): BaseEvent {
  if (error instanceof RunError) return error.event;
  const message = clipText(messageOf(error)) || 'The agent failed, and did not say why.';
  const code = error instanceof EventsError ? error.code : undefined;
  return { type: EventType.RUN_ERROR, message, ...(code !== undefined && { code }) };
}

/**
 * The events that begin a run, from which whoever comes late makes what its asker had: the messages that are new in it, and its
 * state. Tools, context and forwarded properties stay between the asker and the handler.
 */
function opening(input: RunAgentInput, isFirst: boolean): BaseEvent[] {
  const { threadId, runId, parentRunId, messages, state } = input;
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  const added = isFirst ? messages : messages.slice(last + 1);
  const told = { threadId, runId, messages: added, tools: [], context: [], state: {}, forwardedProps: {} };
  const parent = parentRunId === undefined ? {} : { parentRunId };
  const started = { type: EventType.RUN_STARTED, threadId, runId, ...parent, input: told };
  const isEmpty = !isRecord(state) || Object.keys(state).length === 0;
  return isEmpty ? [started] : [started, { type: EventType.STATE_SNAPSHOT, snapshot: state }];
}

/** A manager, as AG-UI's runs use it. */
function agUiManager<C extends AgUiCatalog>(manager: EventManager<C>): EventManager<OwnCatalog> {
  const catalog: AnyCatalog = manager.catalog;
  const missing = Object.keys(agUiEvents).filter((name) => !catalog.has(name));
  if (missing.length > 0) {
    const message = `The catalog lacks ${missing.join(', ')}: make it with defineEvents({ ...agUiEvents, … }), of 'psyche-events/ag-ui'.`;
    throw new EventsError('INVALID_OPTION', message);
  }
  return manager as unknown as EventManager<OwnCatalog>; // its catalog has these events, and more
}

/**
 * AG-UI agents whose runs go on without viewers, and are told to any number of them: by `ResumableAgent`, from wherever each
 * has come. The manager's catalog has {@link agUiEvents}.
 *
 * @example
 * agUiRuns(server.manager).serve(async function* (input, { signal }) { yield { type: EventType.TEXT_MESSAGE_START, … } });
 *
 * @throws EventsError INVALID_OPTION where the catalog lacks these events
 */
export function agUiRuns<C extends AgUiCatalog>(
  manager: EventManager<C>,
  options: AgUiRunsOptions = {},
): AgUiRuns {
  checkOptions('agUiRuns', options, { topicOf: 1, leaseMs: 1 });
  return new AgUiRuns(agUiManager(manager), options);
}
