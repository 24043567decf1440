import { type Instruments, noInstruments } from './instruments.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { Tracing } from './tracing.ts';

/** Observers of a manager: log, metrics and traces. */
export interface Telemetry {
  readonly logger: Logger;
  readonly instruments: Instruments;
  readonly tracing: Tracing | undefined;
}

export const nobody: Telemetry = { logger: silentLogger, instruments: noInstruments, tracing: undefined };
