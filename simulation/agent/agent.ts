import type { Logger } from '../../server/index.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type AgentStats, LatencyRecord } from './agent-stats.ts';
import type { EventOutlet } from './event-outlet.ts';
import { ProcessingReport } from './processing-report.ts';
import { type Responder, ResponderError, type ResponseRequest } from './responder.ts';
import { type Sentiment, type SentimentAnalyzer, vaderSentiment } from './sentiment.ts';

/** Characters after which an answer is cut off. */
const LONGEST_ANSWER = 2000;

/** Options of an {@link Agent}. */
export interface AgentOptions {
  id: string;
  /** Its kind, e.g. `Shadow`. */
  type: string;
  /** The source of its words. */
  responder: Responder;
  /** Publishes its messages. */
  events: EventOutlet;
  /** Default: VADER. */
  sentiment?: SentimentAnalyzer | undefined;
  /** Measures latencies. Default: the time of this machine. */
  clock?: Clock | undefined;
  /** Default: nothing is logged. */
  logger?: Logger | undefined;
}

/** An occasion to respond. Only `to` is needed. */
export interface Situation extends Partial<Omit<ResponseRequest, 'from'>> {
  /** Id of the agent it speaks to. */
  readonly to: string;
  /** Number of the turn. Default: one more than the answers it gave. */
  readonly turn?: number;
}

/** An agent's answer. */
export interface Reply {
  readonly text: string;
  readonly sentiment: Sentiment;
  readonly latencyMs: number;
}

/** One voice. What it answers is broadcast: growing while it is produced, then as a message. */
export class Agent {
  readonly id: string;
  readonly type: string;
  readonly #responder: Responder;
  readonly #events: EventOutlet;
  readonly #sentiment: SentimentAnalyzer;
  readonly #clock: Clock;
  readonly #logger: Logger | undefined;
  readonly #latencies = new LatencyRecord();
  #errors = 0;
  #failing = false;

  constructor(options: AgentOptions) {
    const { id, type, responder, events, sentiment = vaderSentiment, clock = systemClock, logger } = options;
    this.id = id;
    this.type = type;
    this.#responder = responder;
    this.#events = events;
    this.#sentiment = sentiment;
    this.#clock = clock;
    this.#logger = logger;
  }

  get stats(): AgentStats {
    return { ...this.#latencies.stats, errors: this.#errors, failing: this.#failing };
  }

  /**
   * Answers, and broadcasts `agent_message`; before it an `agent_processing` begins, and grows, and after it that is done.
   * @throws ResponderError when no answer came; viewers are told by an `agent_processing` that is aborted, with the reason
   */
  async respond(situation: Situation): Promise<Reply> {
    const { turn = this.#latencies.stats.interactions + 1, signal = new AbortController().signal } =
      situation;
    const report = new ProcessingReport(
      { agent_id: this.id, agent_type: this.type, to: situation.to, turn },
      this.#events,
      this.#clock,
    );
    const startedAt = this.#clock.now();
    report.started();
    try {
      const text = await this.#answer({ ...requestOf(situation), from: this.id, signal }, report);
      const reply = {
        text,
        sentiment: this.#sentiment.analyze(text),
        latencyMs: Math.round(this.#clock.now() - startedAt),
      };
      this.#failing = false;
      this.#latencies.add(reply.latencyMs);
      report.complete(text, this.#broadcast(reply, situation, turn));
      return reply;
    } catch (error) {
      throw await this.#failed(error, signal, report);
    }
  }

  async #answer(request: ResponseRequest, report: ProcessingReport): Promise<string> {
    let text = '';
    for await (const chunk of abortable(this.#responder.respond(request), request.signal)) {
      text = (text + chunk).slice(0, LONGEST_ANSWER);
      if (text.length === LONGEST_ANSWER) break;
      if (text.trim() !== '') report.update(text.trim());
    }
    text = text.trim();
    if (text === '') throw new ResponderError('empty', `${this.type} got an empty answer.`);
    return text;
  }

  #broadcast({ text, sentiment, latencyMs }: Reply, situation: Situation, turn: number): Promise<void> {
    const { to, mode, stagnation, heard } = requestOf(situation);
    return this.#events.send('agent_message', {
      agent_id: this.id,
      agent_type: this.type,
      message: text,
      sentiment,
      metadata: {
        to,
        mode,
        turn,
        stagnation,
        interaction_count: this.#latencies.stats.interactions,
        has_memory: heard.length > 0,
        latency_ms: latencyMs,
      },
    });
  }

  /** A reset that interrupts it goes on after viewers were told. */
  async #failed(error: unknown, signal: AbortSignal, report: ProcessingReport): Promise<ResponderError> {
    if (signal.aborted) {
      const cancelled = new ResponderError('cancelled', `${this.type} was interrupted.`, { cause: error });
      await report.error(cancelled);
      return cancelled;
    }
    const failure =
      error instanceof ResponderError
        ? error
        : new ResponderError('failed', `${this.type} could not answer.`, { cause: error });
    this.#errors++;
    this.#failing = true;
    const { reason, message, cause } = failure;
    this.#logger?.warn(
      { agent: this.id, reason, cause: String(cause ?? message) },
      'An agent could not answer',
    );
    void report.error(failure);
    return failure;
  }
}

function requestOf(situation: Situation): Omit<ResponseRequest, 'from' | 'signal'> {
  const { to, mode = 'normal', stagnation = 0, heard = [], stimulus = null, paceMs = 2500 } = situation;
  return { to, mode, stagnation, heard, stimulus, paceMs };
}

/** The items of an iterable until a signal is aborted: then it rejects at once with the signal's reason, even if the iterable hangs. */
export async function* abortable<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  const { promise: aborted, reject } = withReject();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let finished = false;
  try {
    signal.throwIfAborted();
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      finished = next.done ?? false;
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    finished = !signal.aborted; // one that threw has ended by itself
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    // A promise that hangs would hang here too, so nobody waits for it.
    if (!finished) void iterator.return?.().then(undefined, () => {});
  }
}

function withReject(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  promise.catch(() => {}); // nobody may be listening when it is aborted
  return { promise, reject };
}
