import { requireInterval } from '../../shared/timing.ts';
import type { ConnectionParams, Token } from './credentials.ts';
import type { WebSocketClass } from './transports/socket.ts';
import type { Transport } from './transports/transports.ts';

/** Options of a connection: the server, the credentials, and the test for a lost connection. */
export interface ConnectionOptions {
  /**
   * The server: `ws(s)://…` or `http(s)://…`; in a browser also a path of the same origin. `/trpc` is added to a path
   * that has no such part; an endpoint of another name is given as a `URL`, which is taken as it is.
   *
   * @default `/trpc` of the page's origin; outside a browser it must be given
   */
  url?: string | URL | undefined;
  /** Sent as `token` in the connection's first message, never in the address. Default: none. */
  token?: Token | undefined;
  /**
   * The events' place in a router of your own: its key, or several with dots, `'a.events'`.
   * @default the top level, as `createAppRouter` and `startServer` have it
   */
  path?: string | undefined;
  /**
   * Texts for the context of your own server, which reads them as `info.connectionParams`: sent in the connection's
   * first message, never in the address. `token` is one of them. A function is asked for each connection.
   * @default none
   */
  connectionParams?: ConnectionParams | undefined;
  /** Default: the platform's; on a Node that has none, that of the package `ws`. */
  WebSocket?: WebSocketClass | undefined;
  /**
   * Interval of the tests of a quiet connection, and the time that an answer may take before it counts as lost, in ms.
   * Default 5000 and 3000. Over server-sent events a server is heard of once a second at most: a shorter interval is one of
   * 1000 ms there.
   */
  keepAlive?: { intervalMs: number; pongTimeoutMs: number } | undefined;
  /**
   * Ways to the server, in the order in which an attempt tries them: each that is not let in, for no reason that the server
   * gives, is followed by the next at once. `sse` is server-sent events, with calls over HTTP. Once it got through, and
   * a second try of the WebSocket did not, it comes first for five minutes. `connection.transport` says which one carries the connection.
   * @default ['ws', 'sse']
   */
  transports?: readonly Transport[] | undefined;
}

/** @throws TypeError when one of its times cannot be measured */
export function checkKeepAlive(keepAlive: ConnectionOptions['keepAlive']): void {
  for (const [name, ms] of Object.entries(keepAlive ?? {}))
    requireInterval(`createClient: keepAlive.${name}`, ms);
}
