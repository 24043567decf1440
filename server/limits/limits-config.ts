import * as z from 'zod';
import { wholeNumber } from '../../shared/data/bounded-schemas.ts';
import { trustedProxies } from './client-address.ts';

/** Limits on one client's use of a server. */
export interface LimitsConfig {
  /**
   * Connections of one address at a time: WebSockets, event streams and requests. A hundred more sockets may be idle between
   * two requests. 0: no limit. Default null: 1000, and no limit for this machine.
   */
  readonly maxConnectionsPerAddress: number | null;
  /**
   * Events per second that one subject may publish, in all processes that share a Redis. Each event of a batch counts. Where
   * no token is needed, an address counts as a subject. 0: no limit. Default null: 1000, and no limit for callers of this
   * machine that need no token.
   */
  readonly publishRate: number | null;
  /**
   * Ms within which a client must have sent the head of a request, and, on a WebSocket that announced one, the first message.
   * A connection that takes longer is closed; it may be closed up to a second earlier. Default 5000.
   */
  readonly handshakeTimeoutMs: number;
  /**
   * Proxies whose `X-Forwarded-For` is trusted: addresses, networks such as `10.0.0.0/8`, `loopback`, `uniquelocal`; as a
   * variable: comma-separated. Default none: the client's address is the peer's.
   */
  readonly trustProxy: readonly string[];
}

/** Ms of the handshake's time kept in reserve for closing late: thousands of connections may be due at once. */
export const HANDSHAKE_SPARE_MS = 500;

/** Defaults for clients on other machines. */
export const DEFAULT_MAX_CONNECTIONS = 1000;
export const DEFAULT_PUBLISH_RATE = 1000;

/** Schemas of the options. Each message follows on "<name> must be". */
export const limitsShape = {
  maxConnectionsPerAddress: wholeNumber(0, 1_000_000).nullable().default(null),
  publishRate: wholeNumber(0, 1_000_000).nullable().default(null),
  // Closing takes up to a second of it; less would leave a client no time.
  handshakeTimeoutMs: wholeNumber(2_000, 60_000).default(5_000),
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
