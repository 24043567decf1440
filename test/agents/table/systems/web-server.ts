import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Served } from './system.ts';

/** Routes in the form in which frameworks have them. A request's signal aborts when its client has gone. */
export type Route = (request: Request) => Response | Promise<Response>;

/** Serves a route on Node. @param port default: any that is free */
export async function webServer(route: Route, port = 0): Promise<Served> {
  const server = createServer(
    getRequestListener(route, { errorHandler: () => new Response(null, { status: 500 }) }),
  );
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
