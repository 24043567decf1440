import type { IncomingMessage, Server } from 'node:http';

/**
 * Gives requests the addresses that routes know, before anything else sees them: the path alone of one that is written
 * with its host, as to a proxy, and without a path that a proxy leaves before what it passes on. What comes without that
 * path, such as a probe of health, is served as before. To be called when the server has its listeners.
 *
 * @param basePath `/events`, without a slash at its end; `''` for none
 */
export function shortenAddresses(server: Server, basePath: string): void {
  const shorten = (request: IncomingMessage): void => {
    leaveHost(request);
    if (basePath !== '' && request.url?.startsWith(`${basePath}/`))
      request.url = request.url.slice(basePath.length);
  };
  server.prependListener('upgrade', shorten);
  server.prependListener('request', shorten);
}

/** A host in an address counts, and not the one in the header: RFC 9112. */
function leaveHost(request: IncomingMessage): void {
  const [, host, path = ''] = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(request.url ?? '') ?? [];
  if (host === undefined) return;
  request.url = path.startsWith('/') ? path : `/${path}`;
  request.headers.host = host;
}
