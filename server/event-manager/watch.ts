import { type Instruments, noInstruments } from '../instruments.ts';
import { type Logger, silentLogger } from '../logger.ts';

/** Who watches what a manager does. */
export interface Watch {
  readonly logger: Logger;
  readonly instruments: Instruments;
}

export const nobody: Watch = { logger: silentLogger, instruments: noInstruments };
