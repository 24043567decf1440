import type { Clock } from '../../../shared/timing.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Ms between two looks at leases and deadlines: a killed node's events are settled within the lease and 5 s [O8]. */
const SWEEP_MS = 1000;
/** Events that are settled together. */
const MOST = 100;

/** Settles events whose time is over. Every process does: whichever is first settles them, once. */
export class LapseSweep {
  readonly #settle: (most: number) => Promise<{ settled: number; error?: unknown }>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #cancel: (() => void) | undefined;
  #stopped = false;
  /** True from a failure on, until a sweep succeeds: an outage is told once. */
  #isFailing = false;

  constructor(
    settle: (most: number) => Promise<{ settled: number; error?: unknown }>,
    clock: Clock,
    logger: Logger,
  ) {
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
    this.#isFailing = error !== undefined;
    this.start();
  }

  /** @returns the first failure; undefined: none */
  async #settleAll(): Promise<unknown> {
    try {
      for (;;) {
        const { settled, error } = await this.#settle(MOST);
        if (error !== undefined || settled < MOST || this.#stopped) return error;
      }
    } catch (error) {
      return error;
    }
  }
}
