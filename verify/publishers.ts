import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type EventsClient } from '../client/index.ts';
import type { EventInput } from '../shared/index.ts';
import type { DeliveryChecker } from './delivery-checker.ts';

/** A publisher waits so long for an answer before it counts a refusal, and goes on with the same event. */
const ANSWER_MS = 5000;

export interface PublishersOptions {
  urls: readonly string[];
  token?: string | undefined;
  topic: string;
  publishers: number;
  /** Of all publishers together. */
  perSecond: number;
}

/** Publishers, each one event at a time, under one key until it is answered. */
export class Publishers implements AsyncDisposable {
  /** Publishes that were refused or not answered in time, and tried again. */
  refused = 0;
  /** Why the last one was. */
  lastError: unknown;
  /** message → when it was first sent. */
  readonly sentAt = new Map<string, number>();
  readonly #checker: DeliveryChecker;
  readonly #options: PublishersOptions;
  readonly #clients: EventsClient[] = [];
  #running = true;
  readonly #done: Promise<unknown>;

  constructor(checker: DeliveryChecker, options: PublishersOptions) {
    this.#checker = checker;
    this.#options = options;
    this.#done = Promise.all(Array.from({ length: options.publishers }, (_, index) => this.#run(index)));
  }

  /** Resolves once no publish is under way. One that was refused is tried no more: nobody waits for it. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #run(index: number): Promise<void> {
    const { urls, token, publishers, perSecond } = this.#options;
    const client = createClient({ url: urls[index % urls.length], token });
    this.#clients.push(client);
    const intervalMs = (1000 * publishers) / perSecond;
    let due = performance.now();
    for (let counter = 0; this.#running; counter++) {
      await this.#publish(client, `p${index}`, counter);
      due = Math.max(due + intervalMs, performance.now() - intervalMs); // late, it does not catch up for long
      await sleep(Math.max(0, due - performance.now()));
    }
  }

  async #publish(client: EventsClient, publisher: string, counter: number): Promise<void> {
    const message = `${publisher}:${counter}`;
    const data: EventInput<'agent_message'> = {
      ...{ agent_id: publisher, agent_type: 'verify', message, metadata: {} },
      sentiment: { score: 0, label: 'neutral' },
    };
    const { topic } = this.#options;
    const options = { topic, idempotencyKey: `${topic} ${message}`, timeoutMs: ANSWER_MS };
    this.sentAt.set(message, performance.now());
    while (this.#running) {
      try {
        await client.publish('agent_message', data, options);
        this.#checker.acknowledge(publisher, counter);
        return;
      } catch (error) {
        this.refused++;
        this.lastError = error;
        await sleep(50); // a refusal for good is one each time: it is in the report
      }
    }
  }
}
