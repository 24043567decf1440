import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { SECURITY_HEADERS } from './security-headers.ts';

/**
 * Serves everything below a path too, for a proxy that leaves the path before what it passes on. The path alone is sent
 * on to its slash, for the page's links are relative. What comes without it, such as a probe of health, is served as
 * before. To be called when the server has its listeners.
 *
 * @param basePath `/events`, without a slash at its end; `''` changes nothing
 */
export function serveBelow(server: Server, basePath: string): void {
  if (basePath === '') return;
  const strip = (request: IncomingMessage): void => {
    if (request.url?.startsWith(`${basePath}/`)) request.url = request.url.slice(basePath.length);
  };
  server.prependListener('upgrade', strip);

  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const [path, query] = (request.url ?? '').split(/\?(.*)/s);
    if (path === basePath) {
      // Relative, since the proxy may have a path of its own before this one.
      const location = `${basePath.slice(basePath.lastIndexOf('/') + 1)}/${query === undefined ? '' : `?${query}`}`;
      response.writeHead(308, { ...SECURITY_HEADERS, location }).end();
      return;
    }
    strip(request);
    for (const listener of listeners) listener.call(server, request, response);
  });
}
