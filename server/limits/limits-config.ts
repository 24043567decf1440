import * as z from 'zod';
import { trustedProxies } from './client-address.ts';

/** Limits on one client's use of a server. */
export interface LimitsConfig {
  /**
   * Connections of one address at a time: WebSockets, event streams and requests; a hundred sockets more may be between
   * two requests. 0: no limit. Default null: 1000, and no limit for this machine.
   */
  readonly maxConnectionsPerAddress: number | null;
  /**
   * Events per second that one subject may publish, in all processes that share a Redis; an event of a batch counts as
   * one. Of those who need no token it is one address. 0: no limit. Default null: 1000, and no limit for those of this
   * machine who need no token.
   */
  readonly publishRate: number | null;
  /**
   * Ms after which a connection that does not say what it wants is gone: what it may take is up to a second less. Anew for
   * the head of a request, and for the first message of a WebSocket that announced one. Default 5000.
   */
  readonly handshakeTimeoutMs: number;
  /**
   * Proxies whose `X-Forwarded-For` is believed: addresses, networks such as `10.0.0.0/8`, `loopback`, `uniquelocal`; as a
   * variable: comma-separated. Default none: the address is the peer's.
   */
  readonly trustProxy: readonly string[];
}

/** Ms of the time for a handshake that are left to be late in: thousands may be due at once. */
export const HANDSHAKE_SPARE_MS = 500;

/** Defaults for clients that are not of this machine. */
export const DEFAULT_MAX_CONNECTIONS = 1000;
export const DEFAULT_PUBLISH_RATE = 1000;

const whole = (min: number, max: number) => {
  const error = `a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

/** Each message is what comes after "<name> must be". */
export const limitsShape = {
  maxConnectionsPerAddress: whole(0, 1_000_000).nullable().default(null),
  publishRate: whole(0, 1_000_000).nullable().default(null),
  // Less would leave no time to speak in: cutting takes up to a second of it.
  handshakeTimeoutMs: whole(2_000, 60_000).default(5_000),
  trustProxy: z
    .union([z.array(z.string()), z.string().transform((list) => list.split(',').map((item) => item.trim()))])
    .refine(areProxies, { error: 'addresses or networks such as 10.0.0.0/8, comma-separated' })
    .default([]),
};

function areProxies(list: readonly string[]): boolean {
  try {
    trustedProxies(list);
    return true;
  } catch {
    return false;
  }
}
