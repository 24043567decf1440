import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject } from '../core/json-encoder.ts';
import { Unacknowledged } from './unacknowledged.ts';

/** Number of looks at each client per timeout: it is cut at most a quarter of the timeout late. */
const LOOKS = 4;
/** Clients that are judged in one turn of the event loop: each takes some µs, and there may be ten thousands. */
const AT_ONCE = 250;

/** Bytes of a client that have left this process, and something that may still wait in it. */
interface Looked {
  /** Bytes that the system has accepted for the client. */
  readonly accepted: number;
  /** True if more waits in this process. */
  readonly isBehind: boolean;
}

/** The progress seen of a client. */
interface Progress {
  /** The most bytes that the system was seen to have accepted. */
  accepted: number;
  /** The most bytes that the client is known to have taken of those: a figure of its own, less by what the system holds. */
  taken: number;
  /** Looks in a row at which something waited and nothing was taken. */
  looks: number;
}

/** A client that may be hung up on. */
export interface Cuttable {
  /** Hangs up; called again as long as the socket is there. */
  cut(socket: Socket): void;
}

interface Watched {
  readonly progress: Progress;
  readonly client: Cuttable;
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
  /** That of sockets that were watched before, too: one that is given away and comes back all the time takes nothing the while. */
  readonly #progress = new WeakMap<Socket, Progress>();
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

  /** Watches a client until `unwatch`, or until it is seen to be gone. */
  watch(socket: Socket, client: Cuttable): void {
    const progress = this.#progress.get(socket) ?? {
      accepted: Number.NEGATIVE_INFINITY,
      taken: Number.NEGATIVE_INFINITY,
      looks: 0,
    };
    this.#progress.set(socket, progress);
    this.#watched.set(socket, { progress, client });
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs).unref();
  }

  /** Leaves a socket to somebody else, or lets go of one that has closed. */
  unwatch(socket: Socket): void {
    this.#watched.delete(socket);
  }

  #look(): void {
    const looked = new Map<Socket, Looked>();
    for (const socket of this.#watched.keys()) {
      if (socket.closed) this.unwatch(socket);
      else looked.set(socket, { accepted: acceptedOf(socket), isBehind: socket.writableLength > 0 });
    }
    if (looked.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (!this.#asking) void this.#judge(looked);
  }

  /**
   * Judges those for whom something waits, in this process or in the system.
   * @param looked bytes of each by now. Those that are written while the system is asked may wait there or not: counted,
   *   they would look as if the client had taken them
   */
  async #judge(looked: ReadonlyMap<Socket, Looked>): Promise<void> {
    this.#asking = true;
    const unacknowledged = await this.#readUnacknowledged();
    let judged = 0;
    for (const [socket, { accepted, isBehind }] of looked) {
      if (++judged % AT_ONCE === 0) await nextTurn();
      const watched = this.#watched.get(socket);
      if (!watched) continue;
      const { progress, client } = watched;
      const waiting = unacknowledged.of(socket);
      const takes = progresses(progress, accepted, waiting);
      if (takes || (!isBehind && !waiting)) progress.looks = 0;
      else if (++progress.looks >= LOOKS) client.cut(socket);
    }
    this.#asking = false;
  }
}

/**
 * Notes how far a client has come, and tells if that is further than ever before.
 * @param waiting bytes of those accepted that the system holds; undefined where it tells of none: then it counts as
 *   progress if the system accepts more
 */
function progresses(progress: Progress, accepted: number, waiting: number | undefined): boolean {
  const acceptsMore = accepted > progress.accepted;
  progress.accepted = Math.max(progress.accepted, accepted);
  if (waiting === undefined) return acceptsMore;
  const taken = accepted - waiting;
  const takesMore = taken > progress.taken;
  progress.taken = Math.max(progress.taken, taken);
  return takesMore;
}

/** Bytes that the system has accepted: a write is accepted little by little, and other writes of the process wait behind it. */
function acceptedOf(socket: Socket): number {
  const handle = tcpHandleOf(socket);
  if (handle) return handle.bytesWritten - handle.writeQueueSize;
  return socket.bytesWritten - socket.writableLength;
}

interface TcpHandle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

/**
 * The counters of a socket's own connection, below TLS: the bytes there are those that the system counts, and those of one
 * write become fewer while it is under way. Node looks at the same for its own timeouts, and has no public name for it.
 */
function tcpHandleOf(socket: Socket): TcpHandle | null {
  let handle: unknown = Reflect.get(socket, '_handle');
  while (isObject(handle) && isObject(handle['_parent'])) handle = handle['_parent'];
  return isTcpHandle(handle) ? handle : null;
}

function isTcpHandle(handle: unknown): handle is TcpHandle {
  return (
    isObject(handle) &&
    typeof handle['bytesWritten'] === 'number' &&
    typeof handle['writeQueueSize'] === 'number'
  );
}
