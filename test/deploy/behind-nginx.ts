import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { UPGRADE_HEADERS } from '../app/harness.ts';
import { createCertificate } from '../setup/certificate.ts';
import { type Nginx, startNginx } from '../setup/nginx.ts';
import { freePort } from '../setup/redis-server.ts';

/** The page of the documentation whose configuration is run. */
const TEXT = readFileSync(join(import.meta.dirname, '../../docs/proxies.md'), 'utf8');

function block(language: string): string {
  const [, code] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(TEXT) ?? [];
  if (code === undefined) throw new Error(`docs/proxies.md has no block of ${language}`);
  return code;
}

/** The variables that the page sets before the command that starts the server. */
export const VARIABLES: Readonly<Record<string, string>> = Object.fromEntries(
  [...block('sh').matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
);

/** Changes of the configuration: each has to be of something that is in it. */
export type Changes = readonly (readonly [from: string, to: string])[];

/** `BASE_PATH`, with the one change of the configuration that goes with it. */
export const KEPT = {
  variables: Object.fromEntries([[...TEXT.matchAll(/`(BASE_PATH)=([^`]+)`/g)][0]?.slice(1, 3) ?? []]),
  changes: [['proxy_pass http://psyche/;', 'proxy_pass http://psyche;']] satisfies Changes,
};

export interface BehindNginx extends Nginx {
  /** `https://127.0.0.1:<port>/events` */
  readonly url: string;
  /** The same without TLS, for what cannot be given a certificate. */
  readonly plainUrl: string;
  readonly port: number;
  readonly certificate: Awaited<ReturnType<typeof createCertificate>>;
}

/** The page's configuration before a server: only ports and files are others, and that it listens without TLS too. */
export async function startBehindNginx(upstreamPort: number, changes: Changes = []): Promise<BehindNginx> {
  const certificate = await createCertificate();
  for (let attempt = 1; ; attempt++) {
    const [port, plainPort] = [await freePort(), await freePort()];
    const config = changed(block('nginx'), [
      ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl; listen 127.0.0.1:${plainPort};`],
      ['server 127.0.0.1:3000;', `server 127.0.0.1:${upstreamPort};`],
      ['/etc/ssl/events.example.org/fullchain.pem', certificate.caFile],
      ['/etc/ssl/events.example.org/privkey.pem', certificate.keyFile],
      ...changes,
    ]);
    try {
      const nginx = await startNginx(config, port, plainPort);
      return Object.assign(nginx, {
        url: `https://127.0.0.1:${port}/events`,
        plainUrl: `http://127.0.0.1:${plainPort}/events`,
        port,
        certificate,
      });
    } catch (error) {
      if (attempt === 3) throw error; // before that: somebody else may have taken a port since we looked
    }
  }
}

function changed(text: string, changes: Changes): string {
  return changes.reduce((config, [from, to]) => {
    if (!config.includes(from)) throw new Error(`docs/proxies.md: the configuration has no ${from}`);
    return config.replaceAll(from, to);
  }, text);
}

/** The status that an upgrade is answered with; 101 holds it open until the signal. */
export function upgrade(
  { url, certificate }: BehindNginx,
  options: RequestOptions = {},
  hold: AbortSignal = AbortSignal.abort(),
): Promise<number | undefined> {
  const { host: own, ...headers } = { host: undefined, ...options.headers };
  const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(`${url}/trpc`, {
    ...options,
    ca: certificate.ca,
    // The certificate is of the address, whatever name is asked for.
    servername: '',
    checkServerIdentity: () => undefined,
    headers: {
      ...UPGRADE_HEADERS,
      ...headers,
      ...(own !== undefined && { host: own }),
    },
  });
  request.end();
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('upgrade', ({ statusCode }, socket) => {
      socket.on('error', () => {});
      if (hold.aborted) socket.destroy();
      else hold.addEventListener('abort', () => socket.destroy());
      resolve(statusCode);
    });
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
}
