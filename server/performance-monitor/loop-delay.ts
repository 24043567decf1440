import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** Delay of the event loop. Measuring does not keep the process up. */
export class LoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Ms of delay since the reading before. */
  read(): { p50Ms: number; p99Ms: number } {
    const reading = { p50Ms: this.#percentileMs(50), p99Ms: this.#percentileMs(99) };
    this.#histogram.reset();
    return reading;
  }

  close(): void {
    this.#histogram.disable();
  }

  #percentileMs(percentile: number): number {
    if (this.#histogram.count === 0) return 0;
    // Node records the time between two ticks of its own timer: what goes beyond the timer's is delay.
    return Math.max(0, this.#histogram.percentile(percentile) / NS_PER_MS - RESOLUTION_MS);
  }
}
