import { randomUUID } from 'node:crypto';
import type { Broker, Tail } from '../../broker/broker.ts';

export interface ReadinessOptions {
  broker: Broker;
  /** A topic of this process's own. */
  topic: string;
  /** Ms within which a probe must come back. Default 2000. */
  timeoutMs?: number;
  /** Ms for which an answer stands. Default 1000. */
  cacheMs?: number;
  /** Tells if clients are to be sent elsewhere, though the broker delivers. Default: never. */
  sendsAway?: () => boolean;
  /** Ms since any moment; never goes back. Default `performance.now`. */
  now?: () => number;
}

/**
 * True if the broker delivers: a probe is published and must come back through the tail. A ping would not tell,
 * for a connection can answer pings while its deliveries are dead.
 */
export class Readiness {
  readonly #options: Required<ReadinessOptions>;
  /** Probe id → what to call when it comes back. */
  readonly #awaited = new Map<string, () => void>();
  #tail: Promise<Tail> | null = null;
  #answer: Promise<boolean> | null = null;
  #answeredAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: ReadinessOptions) {
    this.#options = {
      timeoutMs: 2000,
      cacheMs: 1000,
      sendsAway: () => false,
      now: () => performance.now(),
      ...options,
    };
  }

  /** Tells if it says no because the process stops. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Tells if clients are to connect elsewhere, whether or not the broker delivers. */
  get sendsAway(): boolean {
    return this.#closed || this.#options.sendsAway();
  }

  /** False when the probe failed or did not come back in time, and while clients are sent away. Never rejects. */
  async check(): Promise<boolean> {
    return (await this.#latest()) && !this.sendsAway;
  }

  #latest(): Promise<boolean> {
    const { now, cacheMs } = this.#options;
    if (this.#answer === null || now() >= this.#answeredAt + cacheMs) {
      this.#answeredAt = Number.POSITIVE_INFINITY; // one probe at a time
      this.#answer = this.#probe().finally(() => {
        this.#answeredAt = now();
      });
    }
    return this.#answer;
  }

  /** Says no from now on. */
  close(): void {
    this.#closed = true;
    this.#tail?.then((tail) => tail.close()).catch(() => {});
  }

  async #probe(): Promise<boolean> {
    if (this.#closed) return false;
    const { broker, topic, timeoutMs } = this.#options;
    const id = randomUUID();
    const event = { event_type: 'readiness.probe', timestamp: new Date().toISOString(), data: {} };
    let timer: NodeJS.Timeout | undefined;
    const inTime = new Promise<boolean>((resolve) => {
      this.#awaited.set(id, () => resolve(true));
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const published = (async () => {
      await this.#attached();
      await broker.publish(topic, [{ type: event.event_type, id, json: JSON.stringify(event) }]);
      return inTime;
    })();
    try {
      return await Promise.race([published, inTime]);
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
      this.#awaited.delete(id);
    }
  }

  /** One tail for all probes: what is tested is a delivery that has been up for a while. */
  #attached(): Promise<Tail> {
    const { broker, topic } = this.#options;
    this.#tail ??= broker
      .tail(topic, {
        start: () => {},
        gap: () => {},
        records: (records) => {
          for (const { id } of records) this.#awaited.get(id)?.();
        },
      })
      .catch((error) => {
        this.#tail = null;
        throw error;
      });
    return this.#tail;
  }
}
