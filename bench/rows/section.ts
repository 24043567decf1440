import type { Effort } from '../harness/compare.ts';
import { short } from '../harness/stats.ts';

/** Settings of a group of rows. */
export interface Bench extends Effort {
  /** True: a run of seconds with fewer connections, events and rounds. */
  readonly quick: boolean;
  /** A Redis of the bench's own, on the core that the counting process has; started when first asked for. */
  redisUrl(): Promise<string>;
}

/** Something performance was promised to reach. */
export interface Bar {
  /** Name of the comparison, e.g. `1000 subscribers: ≤ 1.0 × raw ws`. */
  readonly bar: string;
  readonly measured: string;
  readonly reached: boolean;
}

/** One group of rows, measured. */
export interface Section {
  readonly title: string;
  /** Description of what was run. */
  readonly setting: string;
  /** Each of them: column names, then rows. */
  readonly tables: readonly (readonly (readonly string[])[])[];
  readonly bars: readonly Bar[];
}

export interface RowGroup {
  /** As `--only` takes it. */
  readonly name: string;
  run(bench: Bench): Promise<Section>;
}

/** A figure that is so many `times` another one, and must not be more than `limit` times. */
export function atMostTimes(what: string, times: number, limit: number, other: string): Bar {
  return {
    bar: `${what}: ≤ ${Number(limit.toFixed(2))} × ${other}`,
    measured: `${times.toFixed(2)} ×`,
    reached: times <= limit,
  };
}

export function atMost(what: string, value: number, limit: number, unit: string): Bar {
  return { bar: `${what}: ≤ ${limit} ${unit}`, measured: `${short(value)} ${unit}`, reached: value <= limit };
}
