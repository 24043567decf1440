import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type PerformanceReaders, systemReaders } from './readers.ts';

/** Options of a {@link PerformanceMonitor}. */
export interface PerformanceMonitorOptions {
  /** Sources of the figures. Default: this process and its machine. */
  readers?: Partial<PerformanceReaders>;
}

/** `performance_metrics` of a `system_status`. Figures that the operating system does not give are left out. */
export interface PerformanceMetrics {
  /** Use of all processors of the machine, 0–100. */
  cpu_percent: number;
  /** Use of the machine's memory, 0–100. */
  memory_percent: number;
  [figure: string]: number;
}

/**
 * Real figures of this process and its machine.
 *
 * @example
 * const monitor = new PerformanceMonitor();
 * monitor.sample().cpu_percent;
 */
export class PerformanceMonitor {
  readonly #readers: PerformanceReaders;
  readonly #cpu: CpuMeter;
  readonly #loopDelay = new LoopDelay();

  constructor({ readers = {} }: PerformanceMonitorOptions = {}) {
    this.#readers = { ...systemReaders, ...readers };
    this.#cpu = new CpuMeter(this.#readers);
  }

  /** Takes a sample: memory in use now, and processor time since the sample before. The first one covers all time since the start. */
  sample(): PerformanceMetrics {
    const { machinePercent, processPercent } = this.#cpu.read();
    const { totalBytes, freeBytes } = this.#readers.machineMemory();
    const { rss, heapUsed, heapTotal } = this.#readers.processMemory();
    const { p50Ms, p99Ms } = this.#loopDelay.read();
    const threads = this.#readers.threads();
    const openFiles = this.#readers.openFiles();
    return {
      cpu_percent: round(machinePercent),
      memory_percent: round((100 * (totalBytes - freeBytes)) / totalBytes),
      /** 100 is one processor. */
      process_cpu_percent: round(processPercent),
      rss_bytes: rss,
      heap_used_bytes: heapUsed,
      heap_total_bytes: heapTotal,
      ...(threads !== undefined && { thread_count: threads }),
      ...(openFiles !== undefined && { open_files: openFiles }),
      active_handles: this.#readers.activeHandles(),
      event_loop_delay_p50_ms: round(p50Ms),
      event_loop_delay_p99_ms: round(p99Ms),
      load_1m: round(this.#readers.load()),
    };
  }

  /** Stops measuring the event loop's delay. */
  close(): void {
    this.#loopDelay.close();
  }
}

function round(figure: number): number {
  return Math.round(figure * 100) / 100;
}

type CpuReaders = Pick<PerformanceReaders, 'now' | 'machineCpu' | 'processCpuMs'>;

/** Measures processor time between two readings; the first covers all time since machine and process started. */
class CpuMeter {
  readonly #readers: CpuReaders;
  #last = { nowMs: 0, processMs: 0, busyMs: 0, totalMs: 0 };
  #reading = { machinePercent: 0, processPercent: 0 };

  constructor(readers: CpuReaders) {
    this.#readers = readers;
  }

  read(): { machinePercent: number; processPercent: number } {
    const last = this.#last;
    const next = {
      nowMs: this.#readers.now(),
      processMs: this.#readers.processCpuMs(),
      ...this.#readers.machineCpu(),
    };
    // The system counts in steps of a few ms: two readings within one step say nothing.
    if (next.totalMs <= last.totalMs || next.nowMs <= last.nowMs) return this.#reading;
    this.#last = next;
    this.#reading = {
      machinePercent: (100 * (next.busyMs - last.busyMs)) / (next.totalMs - last.totalMs),
      processPercent: (100 * (next.processMs - last.processMs)) / (next.nowMs - last.nowMs),
    };
    return this.#reading;
  }
}

const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** Measures the delay of the event loop. Does not keep the process alive. */
class LoopDelay {
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
    // Node records the time between two ticks of its timer: anything beyond the timer's interval is delay.
    return Math.max(0, this.#histogram.percentile(percentile) / NS_PER_MS - RESOLUTION_MS);
  }
}
