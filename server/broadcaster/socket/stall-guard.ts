import type { Socket } from 'node:net';
import { Unacknowledged } from './unacknowledged.ts';

/** Number of looks at each client per timeout: it is cut at most a quarter of the timeout late. */
const LOOKS = 4;

/** The progress seen of a client, and the function that cuts it. */
interface Watched {
  /** Bytes that the client is known to have taken; not a number until it was looked at. */
  taken: number;
  /** Looks in a row at which something waited and nothing was taken. */
  looks: number;
  readonly cut: () => void;
}

/**
 * Cuts clients that take nothing of what waits for them [D9], over whatever transport, however little that is, and
 * whatever else they send: one that answers pings but reads nothing too. One timer looks at all of them, so writing
 * costs nothing more. Looks are counted, not time: a process that was suspended cuts nobody when it goes on.
 */
export class StallGuard {
  readonly #everyMs: number;
  readonly #readUnacknowledged: () => Promise<Unacknowledged>;
  readonly #watched = new Map<Socket, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #asking = false;

  /**
   * @param timeoutMs how long a client may take nothing
   * @param readUnacknowledged tells what the operating system holds for clients: megabytes each, before it holds up the process
   */
  constructor(timeoutMs: number, readUnacknowledged = Unacknowledged.read) {
    this.#everyMs = Math.max(1, timeoutMs / LOOKS);
    this.#readUnacknowledged = readUnacknowledged;
  }

  /** Watches a client until `unwatch`, or until it is seen to be gone. @param cut hangs up; called again as long as the socket is there */
  watch(socket: Socket, cut: () => void): void {
    this.#watched.set(socket, { taken: Number.NaN, looks: 0, cut });
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs).unref();
  }

  /** Leaves a socket to somebody else, or lets go of one that has closed. */
  unwatch(socket: Socket): void {
    this.#watched.delete(socket);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const handedOver = new Map<Socket, number>();
    for (const [socket, watched] of this.#watched) {
      const { bytesWritten, closed, writableLength } = socket;
      if (closed) this.unwatch(socket);
      else if (writableLength === 0) handedOver.set(socket, bytesWritten);
      else judge(watched, bytesWritten - writableLength - systemsQueue(socket));
    }
    if (handedOver.size > 0 && !this.#asking) void this.#lookIntoSystem(handedOver);
  }

  /**
   * Judges those for whom nothing waits in this process: all of it was handed to the system, which may wait too.
   * @param handedOver bytes of each by now. Those that are written while the system is asked may wait there or not: counted,
   *   they would look as if the client had taken them
   */
  async #lookIntoSystem(handedOver: ReadonlyMap<Socket, number>): Promise<void> {
    this.#asking = true;
    const unacknowledged = await this.#readUnacknowledged();
    this.#asking = false;
    for (const [socket, written] of handedOver) {
      const watched = this.#watched.get(socket);
      if (!watched) continue;
      const waiting = unacknowledged.of(socket);
      if (waiting === 0) watched.looks = 0;
      else judge(watched, written - waiting);
    }
  }
}

/** Something waits for a client, and so many bytes, at least, it has taken. */
function judge(watched: Watched, taken: number): void {
  if (taken <= watched.taken) {
    if (++watched.looks >= LOOKS) watched.cut();
    return;
  }
  watched.taken = taken;
  watched.looks = 0;
}

/**
 * Bytes of one write that the system has not accepted yet: they become fewer while the write is under way. Node looks
 * at the same figure for its own timeouts, and has no public name for it.
 */
function systemsQueue(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('writeQueueSize' in handle)) return 0;
  return typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
}
