import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DeliveryChecker } from '../verify/index.ts';
import type { ClientProcess, Told } from './client-process.ts';
import type { ClientCommand, ToldError, ToldItem } from './messages.ts';
import { Stage, type StageOptions } from './stage.ts';

/** Ms between two looks at the server. */
const LOOK_MS = 10;

/** Commands about open events. */
type OpenCommand = Extract<ClientCommand, { do: 'answer' | 'begin' | 'append' | 'done' }>;

/** Options of a subscription. */
export interface FollowInput {
  /** Default `note`. */
  readonly type?: string;
  readonly [option: string]: unknown;
}

/** A server and the client under test, for one scenario. */
export class Scene implements AsyncDisposable {
  readonly stage: Stage;
  readonly #client: ClientProcess;
  readonly #signal: AbortSignal;
  #subscriptions = 0;

  private constructor(stage: Stage, client: ClientProcess, signal: AbortSignal) {
    this.stage = stage;
    this.#client = client;
    this.#signal = signal;
  }

  /** @param signal ends all waiting */
  static async open(client: ClientProcess, options: StageOptions, signal: AbortSignal): Promise<Scene> {
    return new Scene(await Stage.open(options, client.origin), client, signal);
  }

  /** Has the client connect. */
  connect(more: { tokens?: readonly string[]; version?: string } = {}): Promise<unknown> {
    return this.#do({ do: 'connect', url: this.stage.url, ...more });
  }

  /** Has the client connect and subscribe, and waits until it has caught up. */
  async follow(asked: FollowInput = {}): Promise<Subscriber> {
    await this.connect();
    const subscriber = await this.subscribe(asked);
    await subscriber.synced();
    return subscriber;
  }

  /** Has the client subscribe; what comes is told later. */
  async subscribe({ type = 'note', ...input }: FollowInput = {}): Promise<Subscriber> {
    // Names never come again, so that what an earlier scenario left behind is not taken for this one's.
    const subscription = `${process.pid}-${performance.now()}-${++this.#subscriptions}`;
    await this.#do({ do: 'subscribe', subscription, type, input: { topic: 't', ...withoutTopic(input) } });
    return new Subscriber(subscription, this.#client, this.#signal);
  }

  async unsubscribe({ name }: Subscriber): Promise<void> {
    await this.#do({ do: 'unsubscribe', subscription: name });
  }

  /** Has the client publish a note. @returns what resolves with its answer */
  publish(text: unknown): Promise<{ result: unknown } | { error: ToldError }> {
    return this.#answer({ do: 'publish', type: 'note', topic: 't', data: { text } });
  }

  /** Has the client answer a question, or change an event of its own. @returns what resolves with its answer */
  call(command: OpenCommand): Promise<{ result: unknown } | { error: ToldError }> {
    return this.#answer(command);
  }

  /** A page of history by the client. */
  history(input: object): Promise<unknown> {
    return this.#do({ do: 'history', input });
  }

  /** Publishes notes at the server. */
  async put(texts: readonly string[], topic = 't'): Promise<void> {
    for (const text of texts) await this.stage.manager.publish('note', { text }, { topic });
  }

  /** The texts in the server's log. */
  async stored(): Promise<string[]> {
    const { items } = await this.stage.manager.history({ topic: 't', limit: 1000 });
    return items.flatMap(({ event }) => (event.event_type === 'note' ? [event.data.text] : []));
  }

  /** Waits until the client says that it has given up. @returns the close code that it saw */
  async gaveUp(): Promise<number | null> {
    await this.#client.until(
      'the client to give up',
      () => this.#client.closed !== null,
      () => 'no word',
      this.#signal,
    );
    return this.#client.closed?.code ?? null;
  }

  /** Waits until something at the server holds. @throws Error when the client has failed meanwhile, or time is up */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) {
      this.#client.requireRunning();
      if (this.#signal.aborted) throw new Error(`Waited in vain for ${what}`);
      await sleep(LOOK_MS);
    }
  }

  /** Waits until nobody follows the topic at the server, which then forgets what it holds of it. */
  forgotten(): Promise<void> {
    return this.until(
      'the server to forget the topic',
      () => !this.stage.manager.stats().topics.includes('t'),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.closed = null;
    this.#client.give({ do: 'close' });
    await this.stage[Symbol.asyncDispose]();
  }

  /**
   * Gives a command. Its answer may be waited for later, after something else: a client that fails before then must not
   * end the process with a rejection that nobody listens for yet.
   */
  #answer(command: ClientCommand): ReturnType<ClientProcess['answer']> {
    const answer = this.#client.answer(this.#client.give(command), this.#signal);
    answer.catch(() => {});
    return answer;
  }

  async #do(command: ClientCommand): Promise<unknown> {
    const answer = await this.#answer(command);
    if ('result' in answer) return answer.result;
    throw new Error(`${command.do} failed: ${JSON.stringify(answer.error)}`);
  }
}

/** A subscription to several topics or one. */
function withoutTopic(input: object): object {
  return 'topics' in input ? { ...input, topic: undefined } : input;
}

/** The client's report of one subscription. */
export class Subscriber {
  readonly name: string;
  readonly #client: ClientProcess;
  readonly #signal: AbortSignal;

  constructor(name: string, client: ClientProcess, signal: AbortSignal) {
    this.name = name;
    this.#client = client;
    this.#signal = signal;
  }

  get items(): readonly ToldItem[] {
    return this.#told.items;
  }

  /** The texts of the notes. */
  get texts(): string[] {
    return this.items.flatMap(({ event_type, data }) =>
      event_type === 'note' ? [String(data['text'])] : [],
    );
  }

  /** An open event as it was told, from first to last. */
  states(id: string): ToldItem[] {
    return this.items.filter(({ open }) => open?.id === id);
  }

  /** Waits until an open event was told in a state, with data as expected. */
  async told(id: string, state: string, data?: object): Promise<void> {
    await this.until(`${id} in the state ${state}, with ${JSON.stringify(data ?? 'any data')}`, () =>
      this.states(id).some(
        ({ open, data: is }) => open?.state === state && (!data || isDeepStrictEqual(is, data)),
      ),
    );
  }

  /** The data of the gaps. */
  get gaps(): ToldItem['data'][] {
    return this.#dataOf('stream_gap');
  }

  /** The data of `stream_synced`. */
  get syncs(): ToldItem['data'][] {
    return this.#dataOf('stream_synced');
  }

  /** Waits until it has caught up, so many times. */
  async synced(times = 1): Promise<void> {
    await this.until(`stream_synced, ${times} times`, () => this.syncs.length >= times);
  }

  /** Waits for so many notes. */
  async notes(count: number): Promise<void> {
    await this.until(`${count} notes`, () => this.texts.length >= count);
  }

  /** Waits for the error that ends it. */
  async refused(): Promise<ToldError> {
    await this.until('an error', () => this.#told.error !== null);
    return this.#told.error ?? { reason: null, message: '', issues: [] };
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const describe = (): string => {
      const { items, error } = this.#told;
      return `${items.length} items, the last ${JSON.stringify(items.at(-1) ?? null)}${error ? `, and the error ${JSON.stringify(error)}` : ''}`;
    };
    await this.#client.until(what, holds, describe, this.#signal);
  }

  /** Counts what became of notes, `<publisher>:<counter>`, that were published in this order. */
  counted(texts: readonly string[]) {
    const checker = new DeliveryChecker();
    const reader = checker.reader();
    for (const text of texts) {
      const [publisher = '', counter] = text.split(':');
      checker.acknowledge(publisher, Number(counter));
    }
    for (const { event_type, data } of this.items) {
      if (event_type === 'note') reader.event(String(data['text']));
      else if (event_type === 'stream_gap') reader.gap();
    }
    return checker.report();
  }

  get #told(): Told {
    return this.#client.told(this.name);
  }

  #dataOf(type: string): ToldItem['data'][] {
    return this.items.flatMap(({ event_type, data }) => (event_type === type ? [data] : []));
  }
}
