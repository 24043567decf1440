import type { IncomingMessage } from 'node:http';
import { type HostAddress, isLocalName, isLoopback, parseHost } from './host-address.ts';
import { isSameHost, webOrigin } from './origins.ts';

export interface ServedHostsOptions {
  /** The host on which the server listens. */
  readonly host: string;
  /** Names that the server is reached by. If empty: any name; or this machine's names, if it listens for this machine only. */
  readonly allowedHosts: readonly string[];
  /** Origins of pages that may use the server; their hosts are allowed names too. */
  readonly allowedOrigins: readonly string[];
}

/** Message of a refusal. */
export const HOST_REFUSAL = 'The server is not known by this name: add the name to ALLOWED_HOSTS';

/**
 * Makes a test of requests: true if `Host` names a host that is served. A foreign page can point its own name at this
 * machine (DNS rebinding). To the browser the server is then the page's own, and only `Host` shows that it is not. So a
 * server for this machine only answers to names that always mean this machine, and to configured names. A proxy in front
 * of it passes on other names: without `ALLOWED_HOSTS` they are accepted if no browser can have sent them directly.
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
 * Tells if a request must have come through a proxy: `Host` names the port that the browser connected to, and it is not this
 * server's. That port must be privileged (80, 443), or speak TLS, which takes a certificate for the name. Any other port
 * could be a tunnel to this machine, which checks nothing.
 */
function isByProxy({ socket, headers }: IncomingMessage, { port }: HostAddress): boolean {
  const isStandard = port === undefined || port === 80 || port === 443;
  const ports = port === undefined ? [80, 443] : [port];
  if (ports.some((each) => each === socket.localPort)) return false;
  const { origin = '', host } = headers;
  return isStandard || (/^https:/i.test(origin) && isSameHost(origin, host));
}
