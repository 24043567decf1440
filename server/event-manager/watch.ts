import { type Instruments, noInstruments } from '../instruments.ts';
import { type Logger, silentLogger } from '../logger.ts';
import type { Tracing } from '../tracing.ts';

/** Observers of a manager: log, metrics and traces. */
export interface Watch {
  readonly logger: Logger;
  readonly instruments: Instruments;
  readonly tracing: Tracing | undefined;
}

export const nobody: Watch = { logger: silentLogger, instruments: noInstruments, tracing: undefined };
