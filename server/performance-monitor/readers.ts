import { readdirSync, readFileSync } from 'node:fs';
import { cpus, freemem, loadavg, totalmem } from 'node:os';

/** Sources of the figures; each is read once per sample. Tests inject their own. */
export interface PerformanceReaders {
  /** Ms since the process started, monotonic. */
  now(): number;
  /** Ms that all processors of the machine spent busy, and in total, since it started. */
  machineCpu(): { busyMs: number; totalMs: number };
  /** Ms of processor time that this process used since it started. */
  processCpuMs(): number;
  /** The machine's memory, in bytes. */
  machineMemory(): { totalBytes: number; freeBytes: number };
  processMemory(): { rss: number; heapUsed: number; heapTotal: number };
  /** Undefined where the operating system does not tell. */
  threads(): number | undefined;
  /** Undefined where the operating system does not tell. */
  openFiles(): number | undefined;
  /** Sockets, timers, requests and other handles that keep the process alive. */
  activeHandles(): number;
  /** Processes that ran or waited to run, on average over the last minute. */
  load(): number;
}

/** The real figures of this process and its machine. */
export const systemReaders: PerformanceReaders = {
  now: () => performance.now(),
  machineCpu() {
    const sum = { busyMs: 0, totalMs: 0 };
    for (const { times } of cpus()) {
      const totalMs = times.user + times.nice + times.sys + times.idle + times.irq;
      sum.totalMs += totalMs;
      sum.busyMs += totalMs - times.idle;
    }
    return sum;
  },
  processCpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  machineMemory: () => ({ totalBytes: totalmem(), freeBytes: freemem() }),
  processMemory: () => process.memoryUsage(),
  threads: () =>
    attempt(() => {
      const [, count] = /^Threads:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
      return count === undefined ? undefined : Number(count);
    }),
  // Reading the directory opens one more.
  openFiles: () =>
    attempt(() => readdirSync('/proc/self/fd').length - 1) ??
    attempt(() => readdirSync('/dev/fd').length - 1),
  activeHandles: () => process.getActiveResourcesInfo().length,
  load: () => loadavg()[0] ?? 0,
};

/** The result of a read; undefined where it fails. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
