import { setTimeout as sleep } from 'node:timers/promises';
import { CloseCode } from '../../../shared/protocol.ts';
import { LONGEST_TIMER_MS } from '../../../shared/timing.ts';
import { checkNumber } from '../core/limits.ts';
import type { Connection } from './connection.ts';

/** A client's connection, as {@link Connections} shows it. */
export interface ConnectionInfo {
  /** For {@link Connections.disconnect}. */
  readonly id: string;
  /** ISO 8601. */
  readonly connectedAt: string;
  /** Undefined once the socket is gone. */
  readonly remoteAddress: string | undefined;
  /** Subscriptions that run on it. */
  readonly subscriptions: number;
  /** Bytes sent to it that it has not taken yet. */
  readonly unsentBytes: number;
}

/** Traffic of WebSockets, now and so far. */
export interface Traffic {
  /** Number of open WebSockets. */
  connections: number;
  receivedBytes: number;
  sentBytes: number;
}

/** Options of {@link Connections.drain}. */
export interface DrainOptions {
  /** Ms over which clients are asked to move, at most: fewer than two hundred a second are asked in less. From 0 to 2147483647. @default 10000 */
  overMs?: number;
  /** Ms that the last clients have to move after they were asked. From 0 to 2147483647. @default 2000 */
  graceMs?: number;
  /** Clients of another transport, to be told among those of WebSockets: streams of server-sent events, for example. */
  alongside?: {
    /** Each tells one client. */
    readonly acts: readonly (() => void)[];
    /** Tells if nobody is left that has to be told. */
    isOver(): boolean;
  };
}

/** Options of {@link Connections.askToReconnect}. */
export interface AskOptions extends Omit<DrainOptions, 'graceMs'> {
  /** Asks nobody any more once it aborts. @default all are asked */
  signal?: AbortSignal;
}

/** The open connections of one handler. */
export class Connections {
  readonly #open = new Map<string, Connection>();
  readonly #past = { receivedBytes: 0, sentBytes: 0 };

  /** Lists a connection until its socket closes. */
  add(connection: Connection): void {
    this.#open.set(connection.id, connection);
    connection.onClosed(this.#forget);
  }

  readonly #forget = (_: number, { id, socket }: Connection): void => {
    this.#open.delete(id);
    this.#past.receivedBytes += socket.bytesRead;
    this.#past.sentBytes += socket.bytesWritten;
  };

  /** All of them, in the order they came. */
  list(): ConnectionInfo[] {
    return Array.from(this.#open.values(), ({ id, connectedAt, socket, subscriptions }) => ({
      id,
      connectedAt: new Date(connectedAt).toISOString(),
      remoteAddress: socket.remoteAddress,
      subscriptions: subscriptions.size,
      unsentBytes: socket.writableLength,
    }));
  }

  get traffic(): Traffic {
    const traffic = { connections: this.#open.size, ...this.#past };
    for (const { socket } of this.#open.values()) {
      traffic.receivedBytes += socket.bytesRead;
      traffic.sentBytes += socket.bytesWritten;
    }
    return traffic;
  }

  /** Closes one with 1001. False if there is none with this id. */
  disconnect(id: string, reason: string): boolean {
    const connection = this.#open.get(id);
    connection?.close(CloseCode.GOING_AWAY, reason);
    return connection !== undefined;
  }

  /** Asks all of them to connect again, at once. */
  askAll(): void {
    for (const connection of this.#open.values()) connection.askToReconnect();
  }

  /** Asks clients to connect again, one after another. Resolves when all that were there have been asked, or none is left. */
  async askToReconnect({ overMs = 10_000, alongside, signal }: AskOptions): Promise<void> {
    const requests = Array.from(this.#open.values(), (connection) => () => connection.askToReconnect());
    await inTurns([...requests, ...(alongside?.acts ?? [])], overMs, () => {
      return signal?.aborted || (this.#open.size === 0 && (alongside?.isOver() ?? true));
    });
  }

  /**
   * Asks clients to connect again, gives the last ones `graceMs`, and closes those that are left. Resolves when all are
   * gone.
   */
  async drain({ graceMs = 2_000, ...asking }: DrainOptions): Promise<void> {
    await this.askToReconnect(asking);
    await Promise.race([this.#gone(), sleep(graceMs, undefined, { ref: false })]);
    await this.closeAll();
  }

  /** Closes all of them with 1001, and those that come meanwhile. Resolves when none is left. */
  async closeAll(): Promise<void> {
    while (this.#open.size > 0) {
      const gone = this.#gone();
      for (const id of this.#open.keys()) this.disconnect(id, 'the server stops');
      await gone;
    }
  }

  async #gone(): Promise<void> {
    const open = [...this.#open.values()];
    await Promise.all(open.map((connection) => new Promise((resolve) => connection.onClosed(resolve))));
  }
}

/** @throws TypeError when a time is below zero, or too long for a timer */
export function checkDrain({ overMs, graceMs }: DrainOptions): void {
  checkNumber('overMs', overMs, 0, LONGEST_TIMER_MS);
  checkNumber('graceMs', graceMs, 0, LONGEST_TIMER_MS);
}

/** Acts a second, unless there are more than fit into the time. */
const PER_SECOND = 200;
/** Ms between two looks at the clock. */
const STEP_MS = 20;

/**
 * Does things one after another, spread over at most `mostMs`: a few are done within moments, and many do not fall on
 * the same moment. Each at a random one of its own share of the time, so that two processes do not keep step.
 * @param over tells if there is no need to go on
 */
export async function inTurns(
  acts: readonly (() => void)[],
  mostMs: number,
  over: () => boolean = () => false,
): Promise<void> {
  const windowMs = Math.min(mostMs, (1000 * acts.length) / PER_SECOND);
  const due = acts.map((act, index) => ({ act, atMs: ((index + Math.random()) / acts.length) * windowMs }));
  const since = performance.now();
  for (let done = 0; done < due.length && !over(); ) {
    const passedMs = performance.now() - since;
    for (let next = due[done]; next && next.atMs <= passedMs; next = due[++done]) next.act();
    if (done < due.length) await sleep(STEP_MS);
  }
}
