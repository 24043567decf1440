import * as z from 'zod';
import { wholeNumber } from '../../shared/data/bounded-schemas.ts';

/** The address at which a server shows its metrics. */
export interface MetricsConfig {
  /**
   * Port of `/metrics`, for Prometheus; 0 takes a free one. Workers of `psyche-events serve` take this port and the next
   * ones. Default null: nothing is measured.
   */
  readonly metricsPort: number | null;
  /** Name or address to listen on. Nobody is asked for a token. Default `127.0.0.1`. */
  readonly metricsHost: string;
}

/** Schemas of the options. Each message follows on "<name> must be". */
export const metricsShape = {
  metricsPort: wholeNumber(0, 65_535).nullable().default(null),
  metricsHost: z.string().default('127.0.0.1'),
};
