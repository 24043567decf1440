import { CpuMeter } from './cpu-meter.ts';
import { LoopDelay } from './loop-delay.ts';
import { type PerformanceReaders, systemReaders } from './readers.ts';

/** Options of a {@link PerformanceMonitor}. */
export interface PerformanceMonitorOptions {
  /** Sources of the figures. Default: this process and its machine. */
  readers?: Partial<PerformanceReaders>;
}

/** `performance_metrics` of a `system_status`. Figures that the system does not tell are left out. */
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

  /** Takes a sample: memory held now, and processor time used since the sample before. The first one covers all time since the start. */
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
