import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** The answers that connections are still owed: what comes behind a request must not be answered before it. */
export class PendingAnswers {
  readonly #pending = new WeakMap<Duplex, Set<ServerResponse>>();

  /** Knows the requests of a server from now on. */
  watch(server: Server): void {
    server.on('request', ({ socket }, answer) => {
      const answers = this.#pending.get(socket) ?? new Set();
      this.#pending.set(socket, answers.add(answer));
      answer.once('close', () => answers.delete(answer));
    });
  }

  /** Whether an answer is owed. */
  has(socket: Duplex): boolean {
    return (this.#pending.get(socket)?.size ?? 0) > 0;
  }

  /** Whether bytes written now would be the answer to the request that is owed one: none before it, none begun. */
  isNext(socket: Duplex): boolean {
    const answers = [...(this.#pending.get(socket) ?? [])];
    return answers.length === 0 || (answers.length === 1 && answers[0]?.headersSent === false);
  }

  /** Resolves when all answers are given, with true; or after `ms`, with false. */
  async given(socket: Duplex, ms: number): Promise<boolean> {
    const closes = [...(this.#pending.get(socket) ?? [])].map((answer) => once(answer, 'close'));
    const late = new AbortController();
    await Promise.race([
      Promise.all(closes),
      sleep(ms, undefined, { signal: late.signal, ref: false }).catch(() => {}),
    ]);
    late.abort();
    return !this.has(socket);
  }
}
