import * as z from 'zod';
import { wholeNumber } from '../../shared/data/bounded-schemas.ts';
import { hostName } from '../access/names/host-address.ts';

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

const LAST_PORT = 65_535;

/** Schemas of the options. Each message follows on "<name> must be". */
export const metricsShape = {
  metricsPort: wholeNumber(0, LAST_PORT).nullable().default(null),
  metricsHost: z.string().default('127.0.0.1'),
};

/** Addresses of every network: what listens there takes a port of each address. */
const EVERYWHERE = ['0.0.0.0', '::'];

/** Finds a port of metrics that clients use already, or that is none. @returns the words after "METRICS_PORT must be" */
export function metricsConflict({
  host,
  port,
  workers,
  metricsHost,
  metricsPort,
}: MetricsConfig & { host: string; port: number; workers: number }): string | undefined {
  if (metricsPort === null || metricsPort === 0) return undefined;
  if (metricsPort + workers - 1 > LAST_PORT)
    return `lower: the workers show their figures on it and on the ports after it, of which the last is ${LAST_PORT}`;
  if (port < metricsPort || port >= metricsPort + workers) return undefined;
  const hosts = [host, hostName(metricsHost)];
  if (hosts[0] !== hosts[1] && !hosts.some((name) => EVERYWHERE.includes(name))) return undefined;
  if (workers === 1) return 'another port than PORT, which is for clients';
  return `a port such that PORT is not among the ${workers} from it on, one for each of WORKERS`;
}
