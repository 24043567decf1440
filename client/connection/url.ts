/** The name of the endpoint, as `startServer` serves it. */
const ENDPOINT = 'trpc';
/** `127.0.0.1:3000`, `[::1]:3000/trpc`, `localhost`: a host where a scheme should be. */
const BARE_HOST = /^(?:localhost|(?:\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)*):\d+)(?=$|[/?#])/i;

/**
 * The URL of a server's tRPC endpoint, from any way of writing it: for clients, publishers, hooks and the command line.
 * Adds a scheme and `/trpc` where they are missing, and takes off slashes at the end.
 *
 * @param url a `URL` names an endpoint of another name, and keeps its path. In a browser also a path of the same origin;
 * nothing at all is `/trpc` there
 * @throws TypeError when it is no address, or one that cannot be used
 */
export function endpointUrl(url: string | URL | undefined): URL {
  const endpoint = resolve(url);
  if (!/^(?:ws|http)s?:$/.test(endpoint.protocol)) {
    throw new TypeError(`url must be ws(s):// or http(s)://, not ${endpoint.protocol}//`);
  }
  if (endpoint.username || endpoint.password) {
    throw new TypeError(
      'url must not hold a user name or password: browsers refuse such addresses. Pass token.',
    );
  }
  endpoint.hash = '';
  if (typeof url !== 'object') endpoint.pathname = toEndpointPath(endpoint.pathname);
  return endpoint;
}

/** The address of an endpoint for WebSockets. @throws TypeError as {@link endpointUrl} */
export function toWebSocketUrl(url: string | URL | undefined): string {
  return withScheme(endpointUrl(url), 'ws');
}

/** The address of an endpoint for HTTP. @throws TypeError as {@link endpointUrl} */
export function toHttpUrl(url: string | URL | undefined): string {
  return withScheme(endpointUrl(url), 'http');
}

function withScheme(url: URL, scheme: 'ws' | 'http'): string {
  url.protocol = url.protocol.replace(/^(?:ws|http)/, scheme);
  return url.href;
}

function resolve(url: string | URL | undefined): URL {
  const page = globalThis.document?.baseURI ?? globalThis.location?.href;
  const text = String(url ?? `/${ENDPOINT}`).trim();
  const scheme = page?.startsWith('https:') ? 'https' : 'http';
  try {
    return BARE_HOST.test(text) ? new URL(`${scheme}://${text}`) : new URL(text, page);
  } catch {
    throw new TypeError(
      `pass url, e.g. "ws://127.0.0.1:3000/trpc"; ${url === undefined ? 'only a page has one of its own' : `${JSON.stringify(text)} is no address here`}.`,
    );
  }
}

/** A path with `trpc` in it is an endpoint and stays; any other is the place where a server is mounted, and gets it added. */
function toEndpointPath(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  const isEndpoint = segments.some((segment) => segment.toLowerCase() === ENDPOINT);
  return `/${(isEndpoint ? segments : [...segments, ENDPOINT]).join('/')}`;
}
