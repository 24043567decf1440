import * as z from 'zod';

/** Configuration of the address at which a server shows its metrics. */
export interface MetricsConfig {
  /**
   * Port of `/metrics`, for Prometheus; 0 takes a free one. Workers of `psyche-events serve` take this one and those that
   * follow it. Default null: nothing is measured.
   */
  readonly metricsPort: number | null;
  /** Name or address it listens on: nobody is asked for a token. Default `127.0.0.1`. */
  readonly metricsHost: string;
}

const PORT = { error: 'a whole number from 0 to 65535' };

/** Each message is what comes after "<name> must be". */
export const metricsShape = {
  metricsPort: z.coerce.number(PORT).int(PORT).min(0, PORT).max(65_535, PORT).nullable().default(null),
  metricsHost: z.string().default('127.0.0.1'),
};
