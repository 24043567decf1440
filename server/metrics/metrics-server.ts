import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import { EventsError, messageOf } from '../../shared/errors.ts';
import { hostName, isLoopback } from '../access/names/host-address.ts';
import { HOST_REFUSAL, type ServedHostsOptions, servedHosts } from '../access/names/served-hosts.ts';
import type { MetricsConfig } from './metrics-config.ts';

export interface MetricsServer {
  /** For example `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Shows metrics at `/metrics` on a port of their own, so that the port that the network reaches need not show them. */
export async function serveMetrics(
  registry: Registry,
  { metricsHost, metricsPort: port, allowedHosts }: MetricsConfig & Pick<ServedHostsOptions, 'allowedHosts'>,
): Promise<MetricsServer> {
  const host = hostName(metricsHost);
  // On other addresses any name is taken: a scraper uses whatever address the server has.
  const isServed = isLoopback(host) ? servedHosts({ host, allowedHosts, allowedOrigins: [] }) : () => true;
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
    if (!isServed(request)) {
      response.writeHead(403).end(HOST_REFUSAL);
      return;
    }
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  try {
    // Not shared with other workers: all answers at this port must be of one process.
    server.listen({ port: port ?? 0, host, exclusive: true });
    await once(server, 'listening');
  } catch (cause) {
    throw new EventsError(
      'INVALID_OPTION',
      `Metrics cannot be shown on port ${port} of ${host}: ${messageOf(cause)}. Set METRICS_PORT to a free port, and METRICS_HOST to an address of this machine.`,
      { cause },
    );
  }
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('The metrics have no port');
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/metrics`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
