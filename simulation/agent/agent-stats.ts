/** Figures of an agent. */
export interface AgentStats {
  /** Answers given. */
  interactions: number;
  /** Answers that did not come. */
  errors: number;
  /** True if the last one failed. */
  failing: boolean;
  /** Time from being asked to the end of the answer, ms; null before the first. */
  lastLatencyMs: number | null;
  meanLatencyMs: number | null;
  maxLatencyMs: number | null;
}

type LatencyStats = Omit<AgentStats, 'errors' | 'failing'>;

/** Latencies of the answers an agent gave. */
export class LatencyRecord {
  #count = 0;
  #total = 0;
  #max = 0;
  #last = 0;

  add(latencyMs: number): void {
    this.#count++;
    this.#total += latencyMs;
    this.#max = Math.max(this.#max, latencyMs);
    this.#last = latencyMs;
  }

  get stats(): LatencyStats {
    if (this.#count === 0) {
      return { interactions: 0, lastLatencyMs: null, meanLatencyMs: null, maxLatencyMs: null };
    }
    return {
      interactions: this.#count,
      lastLatencyMs: this.#last,
      meanLatencyMs: this.#total / this.#count,
      maxLatencyMs: this.#max,
    };
  }
}
