import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyTRPCRouter } from '@trpc/server';
import type { Broadcaster } from '../broadcaster/broadcaster.ts';
import type { NewerVersion } from '../event-manager/records/newer-versions.ts';
import type { OpenRequests } from './http/node/requests.ts';

/** Ms between two times that all clients are asked: balancers need a while to see that the server is not ready. */
const ROUND_MS = 5_000;

/** The ways to the clients of a server. */
export interface ClientsOfServer {
  broadcaster: Pick<Broadcaster<AnyTRPCRouter>, 'askToReconnect'>;
  requests: Pick<OpenRequests, 'streamCuts'>;
  /** Over how many ms they are asked, at most. */
  drainMs: number;
}

/**
 * Sends clients elsewhere while this server meets events of a newer version than it knows [V4]: as when it stops, but in
 * rounds, and those who come back are served. A client is asked once in a round.
 */
export class MovingClients {
  #over: AbortSignal | null = null;
  #clients: ClientsOfServer | null = null;
  readonly #stopped = new AbortController();

  /** Tells if clients are to connect elsewhere. */
  get isAsking(): boolean {
    return this.#over?.aborted === false;
  }

  /** Begins, until the wait is over. */
  begin({ over }: Pick<NewerVersion, 'over'>): void {
    this.#over = over;
    void this.#ask(over);
  }

  /** Names the clients, as soon as there can be some. */
  through(clients: ClientsOfServer): void {
    this.#clients = clients;
    if (this.#over) void this.#ask(this.#over);
  }

  /** Asks nobody any more: the server stops, and does so itself. */
  stop(): void {
    this.#stopped.abort();
  }

  async #ask(over: AbortSignal): Promise<void> {
    const clients = this.#clients;
    if (!clients) return;
    const { broadcaster, requests, drainMs } = clients;
    const signal = AbortSignal.any([over, this.#stopped.signal]);
    while (!signal.aborted) {
      const alongside = { acts: requests.streamCuts, isOver: () => requests.streamCuts.length === 0 };
      await broadcaster.askToReconnect({ overMs: drainMs, alongside, signal });
      await sleep(ROUND_MS, undefined, { signal, ref: false }).catch(() => {}); // over
    }
  }
}
