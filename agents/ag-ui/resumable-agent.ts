import { type AgentConfig, type AgentSubscriber, enforceOutgoingInput, HttpAgent } from '@ag-ui/client';
import type { BaseEvent, Message, RunAgentInput } from '@ag-ui/core';
import { Observable, Subject, tap } from 'rxjs';
import { createClient } from '../../client/client.ts';
import type { EventsClient } from '../../client/client-types.ts';
import type { ConnectionOptions } from '../../client/connection/connection-options.ts';
import { toError } from '../../client/failures/errors.ts';
import { safeReport } from '../../client/failures/report.ts';
import { defineEvents } from '../../shared/catalog.ts';
import type { StreamGap } from '../../shared/stream-items.ts';
import { onAbort } from '../../shared/timing.ts';
import { parseTopic } from '../../shared/topic.ts';
import { formatPlace, type Place, parsePlace } from '../stream/place.ts';
import { agUiEvents, type OwnCatalog, topicOfThread } from './ag-ui-events.ts';
import { requestRun } from './run-request.ts';
import { type ViewOptions, viewRun, viewThread } from './viewing.ts';

/** Options of a {@link ResumableAgent}: its server, or a client of it that there is already. */
export interface ResumableAgentConfig
  extends AgentConfig,
    Pick<ConnectionOptions, 'url' | 'token' | 'path' | 'connectionParams' | 'transports' | 'WebSocket'> {
  /** A client whose catalog has `agUiEvents`. The agent does not close it. Default: one of its own, of `url`. */
  client?: EventsClient<OwnCatalog> | undefined;
  /** The topic of a thread; the server has to name the same. Default `agui-<threadId>`. */
  topicOf?: ((threadId: string) => string) | undefined;
  /** The `cursor` of an earlier agent, whose messages and state are the initial ones. Default: the thread is told from its beginning. */
  cursor?: string | undefined;
  /** Called with what was missed while no run was going on. In a run it is the CUSTOM event `psyche-events.gap`. */
  onGap?: ((gap: StreamGap['data']) => void) | undefined;
  /** Takes errors that no run tells, such as that of a stop which was refused. Default: `reportError`, or the console. */
  onError?: ((error: Error) => void) | undefined;
}

/** AG-UI's Observables, by AG-UI's own types: a program may have another version of rxjs, whose types are not the same. */
type Events = ReturnType<HttpAgent['run']>;
type Mutations = ReturnType<HttpAgent['apply']>;

/** A viewer's place in a thread. */
interface Viewed {
  readonly threadId: string;
  readonly place: Place<BaseEvent>;
}

/**
 * An AG-UI agent for browsers, in the place of an HttpAgent. Its runs go on when it is gone; `connectAgent` shows a thread to
 * whoever comes, and goes on with the run that is going on; `abortRun` stops the run itself, whoever started it;
 * `detachActiveRun` stops watching.
 *
 * @example
 * const agent = new ResumableAgent({ url: 'wss://a.example/trpc', threadId: 'thread-7' });
 * await agent.connectAgent();
 */
export class ResumableAgent extends HttpAgent {
  // AG-UI clones an agent without its constructor: such a clone has none of the private names of this class.
  private client: EventsClient<OwnCatalog>;
  private isOwnClient: boolean;
  private topicOf: (threadId: string) => string;
  private onGap: ((gap: StreamGap['data']) => void) | undefined;
  private report: (error: Error) => void;
  /** The place up to which its messages and state are those of a thread. */
  private viewed: Viewed | undefined;
  /** The place of the event that is being handed on. */
  private told: Viewed | undefined;
  /** The run that is being told. */
  private runId: string | undefined;
  /** True where the thread is told from its beginning. */
  private replays = false;

  /** @throws TypeError where there is neither a client nor a usable `url`; EventsError INVALID_CURSOR */
  constructor(config: ResumableAgentConfig) {
    const { client, url, token, path, connectionParams, transports, WebSocket, cursor, onError } = config;
    super({ ...config, url: String(url ?? '') });
    const onlyOwn = { url, token, path, connectionParams, transports, WebSocket, onError };
    this.client = client ?? createClient({ ...onlyOwn, catalog: defineEvents(agUiEvents) });
    this.isOwnClient = client === undefined;
    this.topicOf = config.topicOf ?? topicOfThread;
    this.onGap = config.onGap;
    this.report = safeReport(onError);
    if (cursor !== undefined) this.viewed = { threadId: this.threadId, place: parsePlace(cursor) };
  }

  /**
   * The agent's place in its thread, to keep with its messages and state and to hand to the next one: in the midst of a text, too.
   * Undefined before anything was told, and after `setMessages`.
   */
  get cursor(): string | undefined {
    return this.place && formatPlace(this.place);
  }

  private get place(): Place<BaseEvent> | undefined {
    return this.viewed?.threadId === this.threadId ? this.viewed.place : undefined;
  }

  /** Asks for a run, and tells it to its end: before it what the agent lacks of its thread, where it has a place there. */
  override run(input: RunAgentInput): Events {
    this.replays = false;
    return this.view(input, async (options) => {
      const { signal } = this.abortController;
      if (signal.aborted) return; // nobody has asked for the run yet
      const { threadId, runId } = input;
      this.runId = runId;
      const letGo = onAbort(signal, () => this.stop(threadId, runId));
      const request = (isSeen: () => boolean, ends: AbortSignal) =>
        requestRun(this.client, options.topic, enforceOutgoingInput(input), isSeen, ends);
      await viewRun(options, runId, request).finally(letGo);
    });
  }

  /** Tells the thread from the agent's place on, or from its beginning, until no run is going on. */
  protected override connect(input: RunAgentInput): Events {
    this.replays = this.place === undefined;
    return this.view(input, viewThread);
  }

  /**
   * Stops the run that is being told, for all who see it. It ends with RUN_FINISHED, cancelled. One that was not asked for yet,
   * since its agent prepares it, is not asked for.
   */
  override abortRun(): void {
    if (this.runId !== undefined) this.stop(this.threadId, this.runId);
    else this.abortController.abort();
  }

  override setMessages(messages: Message[]): void {
    this.viewed = undefined;
    super.setMessages(messages);
  }

  /** Shares the connection, and has the place. */
  override clone(): ResumableAgent {
    const clone: unknown = super.clone();
    if (!(clone instanceof ResumableAgent)) throw new TypeError('A clone is of its own class.');
    clone.client = this.client;
    clone.isOwnClient = this.isOwnClient;
    clone.topicOf = this.topicOf;
    clone.onGap = this.onGap;
    clone.report = this.report;
    clone.viewed = this.viewed;
    return clone;
  }

  /** Closes the connection, of its clones too, unless it was given. Runs go on. */
  async close(): Promise<void> {
    await this.detachActiveRun();
    if (this.isOwnClient) await this.client.close();
  }

  private view({ threadId }: RunAgentInput, watch: (options: ViewOptions) => Promise<void>): Events {
    return new Observable((subscriber) => {
      const ends = new AbortController();
      const tell: ViewOptions['tell'] = (event, place) => {
        this.runId = place?.run?.id ?? this.runId;
        this.told = place && { threadId, place };
        subscriber.next(event);
        this.told = undefined;
      };
      const options = async (): Promise<ViewOptions> => ({
        client: this.client,
        topic: parseTopic(this.topicOf(threadId)),
        threadId,
        place: this.place,
        signal: ends.signal,
        tell,
        onGap: (gap) => this.onGap?.(gap),
      });
      options()
        .then(watch)
        .finally(() => {
          this.runId = undefined;
        })
        .then(
          () => subscriber.complete(),
          (error: unknown) => subscriber.error(error),
        );
      return () => ends.abort();
    });
  }

  private stop(threadId: string, run_id: string): void {
    const topic = this.topicOf(threadId);
    this.client.publish('run_stop', { run_id }, { topic }).catch((error: unknown) => {
      this.report(toError(error));
    });
  }

  /** Applies events, and keeps the agent's place level with its messages and its state. */
  protected override apply(input: RunAgentInput, events: Events, subscribers: AgentSubscriber[]): Mutations {
    /** Places after the events that wait to be applied, and after the one that is being applied. */
    const waiting: (Viewed | undefined)[] = [];
    let now: Viewed | undefined;
    const reach = (): void => {
      this.viewed = now ?? this.viewed;
    };
    const places: AgentSubscriber = {
      onEvent() {
        reach(); // the event before is applied
        now = waiting.shift();
      },
    };
    return new Observable((applied) => {
      const feed = new Subject<BaseEvent>();
      let isFed = false;
      const begin = (): void => {
        if (isFed) return;
        isFed = true;
        const mutations = super.apply(input, feed, [places, ...subscribers]);
        applied.add(mutations.pipe(tap({ next: reach, complete: reach })).subscribe(applied));
      };
      applied.add(
        events.subscribe({
          next: (event) => {
            if (!isFed && this.replays) {
              // The thread is told from its beginning: what the agent had of it would be there twice.
              this.messages = [];
              this.state = {};
              input.state = {};
            }
            begin();
            waiting.push(this.told);
            feed.next(event);
          },
          error: (error: unknown) => {
            begin();
            feed.error(error);
          },
          complete: () => {
            begin();
            feed.complete();
          },
        }),
      );
    });
  }
}
