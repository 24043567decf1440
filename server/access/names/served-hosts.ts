import type { IncomingMessage } from 'node:http';
import { type HostAddress, isLocalName, parseHost } from './host-address.ts';
import { isLoopback } from './loopback.ts';
import { isSameHost, webOrigin } from './origins.ts';

export interface ServedHostsOptions {
  /** The host on which the server listens. */
  readonly host: string;
  /** Names that it is reached by. None: any, or only this machine's where it listens for this machine alone. */
  readonly allowedHosts: readonly string[];
  /** Pages that may use it: their hosts are names that it may be reached by. */
  readonly allowedOrigins: readonly string[];
}

/** Message of a refusal. */
export const HOST_REFUSAL =
  'The server is not known by this name: set ALLOWED_HOSTS to the names it is reached by';

/**
 * Tells whether a request names a host that is served. A foreign page can have its own name point to this machine: to
 * the browser the server is then the page's own, and nothing but `Host` tells that it is not. So a server for this
 * machine alone answers to names that nobody can point elsewhere, and to those that are configured. A proxy before it
 * passes on names of its own: without `ALLOWED_HOSTS` they are believed as far as no browser can come by them straight.
 */
export function servedHosts(options: ServedHostsOptions): (request: IncomingMessage) => boolean {
  const { host: listens, allowedHosts, allowedOrigins } = options;
  const isListed = allowedHosts.length > 0;
  if (!isListed && !isLoopback(listens)) return () => true;
  const names = new Set<string | undefined>([
    ...allowedHosts.map((each) => parseHost(each)?.name),
    ...allowedOrigins.map((each) => webOrigin(each)?.name),
  ]);
  return (request) => {
    const { host } = request.headers;
    if (!host) return true; // no browser
    const asked = parseHost(host);
    if (asked === undefined) return false;
    if (isLocalName(asked.name) || names.has(asked.name)) return true;
    return !isListed && isByProxy(request, asked);
  };
}

/**
 * Tells if a request must have come by a proxy: a browser names the port that it connects to, which is not this one. It is
 * one that takes a privilege to listen on, or one that speaks TLS, for which it needs a certificate of the name. Any
 * other could be a tunnel to this machine, which checks nothing.
 */
function isByProxy({ socket, headers }: IncomingMessage, { port }: HostAddress): boolean {
  const isStandard = port === undefined || port === 80 || port === 443;
  const ports = port === undefined ? [80, 443] : [port];
  if (ports.some((each) => each === socket.localPort)) return false;
  const { origin = '', host } = headers;
  return isStandard || (/^https:/i.test(origin) && isSameHost(origin, host));
}
