import type { Clock } from '../../../shared/timing.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Ms between two looks at leases and deadlines: a killed node's events are settled within the lease and 5 s [O8]. */
const SWEEP_MS = 1000;
/** Events that are settled together. */
const MOST = 100;
/** Events that one sweep fails to settle before it ends: the next one begins with the others. */
const MOST_FAILED = 1000;

/** Open events that are left alone for a while: ids by topic. */
export class Aside {
  readonly #ids = new Map<string, Set<string>>();
  #size = 0;

  get ids(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#ids;
  }

  get size(): number {
    return this.#size;
  }

  add(topic: string, id: string): void {
    const ids = this.#ids.get(topic) ?? new Set();
    this.#ids.set(topic, ids);
    if (!ids.has(id)) this.#size++;
    ids.add(id);
  }

  clear(): void {
    this.#ids.clear();
    this.#size = 0;
  }
}

/** Settles some events that are not aside, and puts those aside that it could not settle. */
type SettleSome = (most: number, aside: Aside) => Promise<{ found: number; error?: unknown }>;

/** Settles events whose time is over. Those that cannot be settled hold up no others. Every process does: whichever is first settles them, once. */
export class LapseSweep {
  readonly #settle: SettleSome;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #cancel: (() => void) | undefined;
  #stopped = false;
  /** Events that could not be settled, until no others are left. */
  readonly #aside = new Aside();
  /** True from a failure on, until a sweep succeeds: an outage is told once. */
  #isFailing = false;

  constructor(settle: SettleSome, clock: Clock, logger: Logger) {
    this.#settle = settle;
    this.#clock = clock;
    this.#logger = logger;
  }

  start(): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.setTimer(() => void this.#sweep(), SWEEP_MS);
  }

  /** No sweep begins after it returns. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #sweep(): Promise<void> {
    const error = await this.#settleAll();
    if (error !== undefined && !this.#isFailing && !this.#stopped)
      this.#logger.error({ err: error }, 'Open events whose time is over cannot be settled');
    this.#isFailing = error !== undefined || this.#aside.size > 0;
    this.start();
  }

  /** @returns the first failure; undefined: none */
  async #settleAll(): Promise<unknown> {
    const most = this.#aside.size + MOST_FAILED;
    let failure: unknown;
    try {
      while (!this.#stopped && this.#aside.size < most) {
        const { found, error } = await this.#settle(MOST, this.#aside);
        failure ??= error;
        if (found > 0) continue;
        this.#aside.clear();
        break;
      }
      return failure;
    } catch (error) {
      return error;
    }
  }
}
