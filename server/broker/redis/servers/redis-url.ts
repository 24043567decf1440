import { readFileSync } from 'node:fs';
import type { RedisConnectionOptions } from './connection.ts';

/** The parts of a Redis URL. */
export interface RedisLocation {
  /** Addresses of the server, of the Sentinels, or of some nodes of the Cluster. At least one. */
  readonly servers: readonly { host: string; port: number }[];
  /** Options for asking Sentinels; null where there are none. */
  readonly sentinel: RedisConnectionOptions | null;
  readonly cluster: boolean;
  /** Options of every connection to a Redis. */
  readonly options: RedisConnectionOptions;
}

const URL_SHAPE =
  /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const TLS_FILES = ['ca', 'cert', 'key'] as const;
const SENTINEL_LOGIN = ['sentinelUsername', 'sentinelPassword'] as const;

/**
 * Reads a Redis URL:
 *
 * - `redis://[[user]:password@]host[:6379][/db]`
 * - `redis+sentinel://[[user]:password@]host[:26379][,host…]/name[/db][?sentinelUsername=…&sentinelPassword=…]`
 * - `redis+cluster://[[user]:password@]host[:6379][,host…]`
 *
 * `rediss` is TLS, to Sentinels too. `?ca=`, `&cert=` and `&key=` then name PEM files: the authorities to trust in place
 * of the system's, and the client's certificate and key. Reserved characters of names and passwords are percent-encoded.
 *
 * @throws TypeError that says what is wrong, without any part of the URL: it may hold a password
 */
export function parseRedisUrl(url: string): RedisLocation {
  const [match, scheme, form, login, hosts = '', path = '', query] = URL_SHAPE.exec(url) ?? [];
  if (match === undefined) throw wrong('must look like redis://host:6379');
  const parameters = new URLSearchParams(query);
  const secure = scheme === 'rediss';
  const allowed: string[] = [...(secure ? TLS_FILES : []), ...(form === '+sentinel' ? SENTINEL_LOGIN : [])];
  for (const name of parameters.keys()) {
    if (!allowed.includes(name)) throw wrong(`has an unknown parameter, ${name}: ${oneOf(allowed)}`);
  }
  const servers = hosts.split(',').map((host) => parseAddress(host, form === '+sentinel' ? 26379 : 6379));
  const parts = path === '' ? [] : path.split('/').map(decode);
  const name = form === '+sentinel' ? parts.shift() : undefined;
  if (form === '+sentinel' && !name) throw wrong('must name the master behind the Sentinels: …/mymaster');
  if (form === undefined && servers.length > 1)
    throw wrong('with several hosts must begin with redis+sentinel:// or redis+cluster://');
  if (form === '+cluster' && parts.length > 0)
    throw wrong('of a Cluster ends with its hosts: it has one database');
  if (parts.length > 1) throw wrong('has too long a path: it ends with the number of a database, such as /0');
  const db = Number(parts[0] ?? 0);
  if (!Number.isInteger(db) || db < 0)
    throw wrong('must end in the number of a database, such as /0, or in no path at all');
  const tls = secure ? { tls: tlsOptions(parameters) } : {};
  return {
    servers,
    sentinel: name ? sentinelOptions(name, parameters, secure ? tlsOptions(parameters) : undefined) : null,
    cluster: form === '+cluster',
    options: { ...parseLogin(login), ...(db > 0 && { db }), ...tls },
  };
}

function parseAddress(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port = defaultPort] =
    /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || !(Number(port) < 65_536))
    throw wrong('must have hosts such as name:6379 or [::1]:6379, with ports below 65536');
  return { host, port: Number(port) };
}

function parseLogin(login = ''): RedisConnectionOptions {
  if (login === '') return {};
  const [username = '', ...password] = login.split(':');
  if (password.length === 0)
    throw wrong('must have a colon between user and password: redis://:password@host');
  return { ...(username !== '' && { username: decode(username) }), password: decode(password.join(':')) };
}

function sentinelOptions(
  name: string,
  parameters: URLSearchParams,
  tls: RedisConnectionOptions['tls'],
): RedisConnectionOptions {
  const [sentinelUsername, sentinelPassword] = SENTINEL_LOGIN.map((key) => parameters.get(key));
  return {
    name,
    ...(sentinelUsername && { sentinelUsername }),
    ...(sentinelPassword && { sentinelPassword }),
    ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  };
}

function tlsOptions(parameters: URLSearchParams): NonNullable<RedisConnectionOptions['tls']> {
  const files = TLS_FILES.map((name) => [name, parameters.get(name)] as const);
  return Object.fromEntries(
    files.flatMap(([name, file]) => (file === null ? [] : [[name, read(name, file)]])),
  );
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`names a file in ?${name}= that cannot be read: ${file}`, error);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('must have its reserved characters percent-encoded');
  }
}

function oneOf(names: readonly string[]): string {
  return names.length === 0 ? 'a URL of this kind takes none' : `it may be ${names.join(', ')}`;
}

function wrong(what: string, cause?: unknown): TypeError {
  return new TypeError(`A Redis URL ${what}`, { cause });
}
