/** A way to a server: a WebSocket, or server-sent events with calls over HTTP. */
export type Transport = 'ws' | 'sse';

/** Ms for which another transport than the first is tried first, once it got through. */
const KEPT_MS = 300_000;

/**
 * The transport of each attempt to connect. An attempt that is not let in is followed at once by one over the next
 * transport; when all have failed, it waits. Server-sent events that get through after a WebSocket may have met a server
 * that came back between the two tries, so the WebSocket is tried once more. If that fails as well, server-sent events come
 * first for five minutes: then the order is the user's again, since a network may have changed.
 */
export class Transports {
  readonly order: readonly Transport[];
  readonly #now: () => number;
  /** Index of the one that comes first. */
  #first = 0;
  /** Index of the one that is tried. */
  #at = 0;
  #keptUntil = 0;
  /** True once a second try of the first transport tells nothing more: it was made, or the first try hung. */
  #isSure = false;

  /** @throws TypeError when it is no list, there is none, or one twice, or a name that is none */
  constructor(order: readonly Transport[] = ['ws', 'sse'], now: () => number = () => performance.now()) {
    if (!Array.isArray(order)) throw new TypeError("transports must be a list, such as ['sse']");
    const isFit =
      order.length > 0 && order.every((each, at) => isTransport(each) && order.indexOf(each) === at);
    if (!isFit)
      throw new TypeError("transports must be 'ws' and 'sse', or one of them, in the order of trying");
    this.order = order;
    this.#now = now;
  }

  /** The transport of this attempt. */
  get current(): Transport {
    return this.order[this.#at] ?? 'ws';
  }

  /** Tells if another one is left to be tried before a wait. */
  get hasNext(): boolean {
    return (this.#at + 1) % this.order.length !== this.#first;
  }

  /** Ms for a socket to open: fewer where another transport can be tried. */
  get openingMs(): number {
    return this.hasNext ? 5000 : 10_000;
  }

  /** Tells if a transport is in the list. */
  has(transport: Transport): boolean {
    return this.order.includes(transport);
  }

  /**
   * An attempt was not let in, for no reason that the server gave.
   * @param hung true if nothing came for as long as a socket may take to open: a server that is away refuses at once
   * @returns true if the next is to follow at once
   */
  failed(hung = false): boolean {
    const { hasNext } = this;
    // All have failed: the server is away, and may come back between the next two tries.
    this.#isSure = hasNext && (this.#isSure || hung);
    if (hasNext) this.#at = (this.#at + 1) % this.order.length;
    else this.restart();
    return hasNext;
  }

  /** The server has let us in over a transport. @returns true if the WebSocket before it is to be tried once more, at once */
  admitted(transport: Transport): boolean {
    const at = this.order.indexOf(transport);
    const isDoubtful = transport === 'sse' && at > this.#first && !this.#isSure;
    this.#isSure = isDoubtful;
    this.#first = isDoubtful ? 0 : at;
    this.#at = this.#first;
    if (this.#first > 0) this.#keptUntil ||= this.#now() + KEPT_MS;
    else this.#keptUntil = 0;
    return isDoubtful;
  }

  /** A connection that was let in is lost, or the wait is over. @param anew true on another network: nothing is known of it */
  restart(anew = false): void {
    if (anew || this.#now() >= this.#keptUntil) {
      this.#first = 0;
      this.#keptUntil = 0;
    }
    this.#at = this.#first;
  }
}

function isTransport(name: unknown): name is Transport {
  return name === 'ws' || name === 'sse';
}
