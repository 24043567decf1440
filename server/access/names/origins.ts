import type { IncomingMessage } from 'node:http';
import { parseHost } from './host-address.ts';

/** Ports that origins of web pages leave out. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
/** Schemes that URLs have and origins of pages do not. */
const NO_PAGES = ['ws', 'wss', 'ftp', 'blob', 'data', 'javascript'];

/** Message of a refusal. */
export const ORIGIN_REFUSAL =
  'Pages of this origin may not use the server: add the origin to ALLOWED_ORIGINS to allow them';

/** The address of a web page's origin. */
interface WebOrigin {
  readonly scheme: string;
  readonly name: string;
  readonly port: number;
}

/**
 * Canonical form of an origin: without capitals, a default port, a dot or slash at the end, or a path. It accepts what
 * browsers send: web pages, apps in a shell (`capacitor://localhost`), extensions, `null`. Undefined for any other text.
 */
export function canonicalOrigin(text: string): string | undefined {
  if (text === 'null') return text;
  const [, scheme = '', host = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#\s,]*)(?:\/[^?#\s,]*)?$/i.exec(text) ?? [];
  const kind = scheme.toLowerCase();
  if (kind === '' || NO_PAGES.includes(kind)) return undefined;
  const standard = DEFAULT_PORTS[kind];
  if (standard === undefined) {
    const isNamed = kind === 'file' ? host === '' : /^[^@\\*]+$/.test(host);
    return isNamed ? `${kind}://${host.toLowerCase()}` : undefined;
  }
  const address = parseHost(host);
  if (address === undefined || address.name.includes('*')) return undefined;
  const { name, port = standard } = address;
  const written = name.includes(':') ? `[${name}]` : name;
  return `${kind}://${written}${port === standard ? '' : `:${port}`}`;
}

/** Reads the origin of a web page; undefined for every other origin. */
export function webOrigin(text: string): WebOrigin | undefined {
  const [, scheme = '', host = ''] = /^(https?):\/\/(.+)$/.exec(canonicalOrigin(text) ?? '') ?? [];
  const address = parseHost(host);
  const standard = DEFAULT_PORTS[scheme];
  if (address === undefined || standard === undefined) return undefined;
  return { scheme, name: address.name, port: address.port ?? standard };
}

/**
 * Tells if a request may use the server. Browsers send the page's origin, which must be the server's own or an allowed one;
 * clients that are no browsers send none. The scheme is not compared: a proxy may speak TLS for the server.
 * @param allowed origins, not necessarily canonical
 */
export function isAllowedOrigin({ headers }: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return isSameHost(origin, host) || isListed(origin, allowed);
}

/** Tells if an origin has the name and the port of a `Host` header; a missing port is the default of the origin's scheme. */
export function isSameHost(origin: string, host: string | undefined): boolean {
  const page = webOrigin(origin);
  const asked = parseHost(host ?? '');
  if (page === undefined || asked === undefined) return false;
  return page.name === asked.name && page.port === (asked.port ?? DEFAULT_PORTS[page.scheme]);
}

function isListed(origin: string, allowed: readonly string[]): boolean {
  const written = canonicalOrigin(origin);
  return written !== undefined && allowed.some((each) => canonicalOrigin(each) === written);
}
