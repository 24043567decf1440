import type { PerformanceReaders } from './readers.ts';

type CpuReaders = Pick<PerformanceReaders, 'now' | 'machineCpu' | 'processCpuMs'>;

/** Processor time between two readings; the first covers everything since machine and process started. */
export class CpuMeter {
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
    // The system counts in steps of some ms: between two readings in one step nothing is known.
    if (next.totalMs <= last.totalMs || next.nowMs <= last.nowMs) return this.#reading;
    this.#last = next;
    this.#reading = {
      machinePercent: (100 * (next.busyMs - last.busyMs)) / (next.totalMs - last.totalMs),
      processPercent: (100 * (next.processMs - last.processMs)) / (next.nowMs - last.nowMs),
    };
    return this.#reading;
  }
}
