import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../../server/broker/broker.ts';
import { psycheEvents, toLogEntry } from '../../shared/index.ts';
import type { DeliveryChecker } from '../../verify/index.ts';
import { agentMessage } from '../support/events.ts';

export const TOPIC = 'default';

export interface LoadOptions {
  publishers: number;
  /** Of all publishers together. */
  perSecond: number;
  /** What is tried again has a key of its own each time: no protection [D3]. */
  forgetsKeys?: boolean;
}

/** Publishers, each one event at a time, tried again until it is answered. */
export class Load {
  /** Publishes that were refused, and tried again. */
  refused = 0;
  /** The longest that one of them took to be answered or refused, in ms. */
  longestMs = 0;
  readonly #broker: Pick<Broker, 'publish'>;
  readonly #checker: DeliveryChecker;
  readonly #forgetsKeys: boolean;
  #running = true;
  readonly #done: Promise<unknown>;

  constructor(broker: Pick<Broker, 'publish'>, checker: DeliveryChecker, options: LoadOptions) {
    this.#broker = broker;
    this.#checker = checker;
    this.#forgetsKeys = options.forgetsKeys ?? false;
    const pauseMs = (1000 * options.publishers) / options.perSecond;
    this.#done = Promise.all(
      Array.from({ length: options.publishers }, (_, index) => this.#run(`p${index}`, pauseMs)),
    );
  }

  /** Resolves once no publish is under way; one that was refused is not tried again. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(publisher: string, pauseMs: number): Promise<void> {
    for (let counter = 0; this.#running; counter++) {
      await this.#publish(publisher, counter);
      await sleep(pauseMs);
    }
  }

  async #publish(publisher: string, counter: number): Promise<void> {
    let id = randomUUID();
    while (this.#running) {
      const since = performance.now();
      const event = { event_type: 'agent_message', data: agentMessage(`${publisher}:${counter}`) };
      const answered = await this.#broker
        .publish(TOPIC, [toLogEntry(psycheEvents, { ...event, idempotencyKey: id })])
        .then(
          () => true,
          () => false,
        );
      this.longestMs = Math.max(this.longestMs, performance.now() - since);
      if (answered) {
        this.#checker.acknowledge(publisher, counter);
        return;
      }
      this.refused++;
      if (this.#forgetsKeys) id = randomUUID();
      await sleep(10);
    }
  }
}
