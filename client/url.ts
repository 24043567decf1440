const DEFAULT_PATH = '/trpc';

/**
 * The WebSocket address of a server.
 * @param url `ws(s)://` or `http(s)://`; in a browser also a path of the same origin. Default there: `/trpc`
 * @throws TypeError when there is no page to resolve it against, or it is not an address
 */
export function toWebSocketUrl(url: string | undefined): string {
  const page = globalThis.location?.href;
  let resolved: URL;
  try {
    resolved = new URL(url ?? DEFAULT_PATH, page);
  } catch {
    throw new TypeError(
      `createClient: pass url, e.g. "ws://127.0.0.1:3000/trpc"; ${JSON.stringify(url)} is not an address here.`,
    );
  }
  resolved.protocol = resolved.protocol.replace(/^http/, 'ws');
  if (!/^wss?:$/.test(resolved.protocol)) {
    throw new TypeError(`createClient: url must be ws(s):// or http(s)://, not ${resolved.protocol}//`);
  }
  return resolved.href;
}
