import { createClient, type EventsClient } from '../client/index.ts';
import type { EventInput } from '../shared/index.ts';

/** A publisher waits so long for an answer before it counts a refusal, and goes on with the same event. */
const ANSWER_MS = 5000;

export interface SenderOptions {
  urls: readonly string[];
  path?: string | undefined;
  token?: string | undefined;
  publishers: number;
}

/** A way to publish for each publisher: a client for each, spread over the nodes. */
export class Sender implements AsyncDisposable {
  readonly #clients: readonly EventsClient[];

  constructor({ urls, path, token, publishers }: SenderOptions) {
    this.#clients = Array.from({ length: publishers }, (_, index) =>
      createClient({ url: urls[index % urls.length], path, token }),
    );
  }

  /** Sends a message again under the key that it had. */
  async send(topic: string, message: string, publisher: number): Promise<void> {
    const data: EventInput<'agent_message'> = {
      ...{ agent_id: `p${publisher}`, agent_type: 'verify', message, metadata: {} },
      sentiment: { score: 0, label: 'neutral' },
    };
    const options = { topic, idempotencyKey: `${topic} ${message}`, timeoutMs: ANSWER_MS };
    await this.#clients[publisher]?.publish('agent_message', data, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
