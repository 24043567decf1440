import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** The requests under way: calls, which end by themselves, and streams, which are subscriptions over HTTP and do not. */
export class OpenRequests {
  readonly #open = new Set<ServerResponse>();
  readonly #streams = new Set<() => void>();

  /** Knows the requests of an application from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', async (_request, { raw }) => {
      this.#open.add(raw);
      raw.once('close', () => this.#open.delete(raw));
    });
    app.addHook('onSend', async (_request, reply, payload) => {
      if (!(payload instanceof Response)) return; // what tRPC answers with
      if (!payload.headers.get('content-type')?.startsWith('text/event-stream')) return;
      this.addStream(reply.raw);
    });
  }

  /** An answer that turns out to be a stream. */
  addStream(answer: ServerResponse): void {
    const cut = (): void => void answer.req.socket.destroy();
    this.#streams.add(cut);
    answer.once('close', () => this.#streams.delete(cut));
  }

  /** What cuts each stream. Cut, not told that it ended, a client connects again and resumes. */
  get streamCuts(): readonly (() => void)[] {
    return [...this.#streams];
  }

  /** Resolves when nothing is under way that is now. */
  async ended(): Promise<void> {
    await Promise.all([...this.#open].map((answer) => once(answer, 'close')));
  }
}
