import { setTimeout as delay } from 'node:timers/promises';
import type { Handshake } from '../peers/peer.ts';
import { Connection } from './connection.ts';
import { Probe } from './probe.ts';
import { StreamConnection } from './stream-connection.ts';
import { Tally } from './tally.ts';

/** Connections opened at a time: a server's accept queue is not what is measured. */
const WAVE = 200;
/** Time for a wave to be subscribed. */
const OPEN_MS = 20_000;
/** Without a delivery for this long, the rest is taken for lost. */
const STALL_MS = 15_000;
/** Ms for which deliveries that should not come are listened for. */
const SURPLUS_MS = 30;

/** Deliveries to a fleet of the events that it was told to expect. */
export interface Drained {
  /** Wire bytes of a delivery, mean. */
  readonly bytesPerDelivery: number;
  /** From the moment the last connection subscribed to the last delivery. */
  readonly sinceOpenMs: number;
}

/** Many connections to one server, counted. */
export class Fleet {
  readonly #url: string;
  readonly #handshake: Handshake;
  readonly #connections: (Connection | StreamConnection)[] = [];
  readonly #topics: number;
  #probe: Probe | null = null;
  #tally = new Tally(0, 0);

  /** @param topics to how many topics events are published in turns */
  constructor(url: string, handshake: Handshake, topics: number) {
    this.#topics = topics;
    this.#url = url;
    this.#handshake = handshake;
  }

  /**
   * Opens more connections and waits until all of them are subscribed; number i gets input `i mod inputs.length`.
   * @param catchUp true if they get events of the past first, which are counted
   */
  async open(count: number, inputs: readonly unknown[], catchUp = false): Promise<void> {
    for (let opened = 0; opened < count; opened += WAVE) {
      const wave = Array.from({ length: Math.min(WAVE, count - opened) }, () => {
        const index = this.#connections.length;
        return this.#subscribe(index, inputs[index % inputs.length], catchUp);
      });
      await Promise.all(wave);
    }
  }

  /**
   * Starts a new count of `events` for each of `connections`; `timed` keeps when each delivery came.
   * @param sleeps true where no CPU is measured, and this process's core has other work, such as Redis's
   */
  arm(events: number, timed: boolean, connections = this.#connections.length, sleeps = timed): void {
    this.#tally = new Tally(connections, events, timed);
    // Waking a sleeping process is work of the one that writes, some µs for each frame, and remote clients never ask
    // for it: while CPU is measured this process does not sleep.
    if (!sleeps) stayAwake(this.#tally);
  }

  /** Waits until the first `events` of the count reached every connection. @throws Error when none comes any more */
  async delivered(events: number): Promise<void> {
    const tally = this.#tally;
    const expected = tally.connections * events;
    let before = -1;
    for (let idleMs = 0; tally.total < expected; idleMs++) {
      if (tally.total !== before) idleMs = 0;
      if (idleMs === STALL_MS) this.#failOn(tally.complaint(events));
      before = tally.total;
      await delay(1);
    }
  }

  /** Waits for all deliveries. @throws Error when one is missing, doubled or out of order */
  async drained(): Promise<Drained> {
    const tally = this.#tally;
    await this.delivered(tally.events);
    tally.awaited = false;
    await delay(SURPLUS_MS);
    this.#failOn(tally.complaint() ?? this.#probe?.complaint() ?? null);
    return {
      bytesPerDelivery: tally.bytes / tally.total,
      sinceOpenMs: tally.lastAt - (this.#connections.at(-1)?.openedAt ?? 0),
    };
  }

  /** Sorted milliseconds of all deliveries of a timed count, given when its events were published. */
  latencies(sentAt: Float64Array): Float64Array {
    return this.#tally.latencies(sentAt);
  }

  /** @throws Error when there is a complaint, or a connection that the server ended */
  #failOn(complaint: string | null): void {
    const ended = this.#connections.find((connection) => connection.ended)?.ended;
    if (complaint !== null || ended) throw new Error([complaint, ended?.message].filter(Boolean).join('; '));
  }

  #subscribe(index: number, input: unknown, catchesUp: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new Error(`not subscribed after ${OPEN_MS} ms: ${connection.lastText}`));
      const timer = setTimeout(fail, OPEN_MS);
      const Kind = this.#handshake.isStream ? StreamConnection : Connection;
      const connection = new Kind({
        url: this.#url,
        handshake: this.#handshake,
        input,
        keeps: index === 0,
        catchesUp,
        onEvent: (bytes) => this.#tally.count(index, bytes),
        onReady: (error) => {
          clearTimeout(timer);
          if (error) reject(error);
          else resolve();
        },
      });
      this.#connections.push(connection);
      if (index === 0) this.#probe = new Probe(connection, this.#topics);
    });
  }
}

function stayAwake(tally: Tally): void {
  if (tally.awaited) setImmediate(stayAwake, tally);
}
