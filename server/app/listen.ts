import { lookup } from 'node:dns/promises';
import type { FastifyInstance } from 'fastify';
import { EventsError } from '../../shared/errors.ts';

/** Begins to listen. @throws EventsError INVALID_OPTION when host and port cannot be listened on */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; port: number }> {
  try {
    await app.listen({ host: host === 'localhost' ? await localAddress() : host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use. Stop what uses it, or set PORT to another one`
        : `Cannot listen on port ${port} of ${host} (${message}). Set HOST and PORT`;
    throw new EventsError('INVALID_OPTION', `${reason}.`, { cause: error });
  }
  const [address] = app.addresses();
  if (typeof address !== 'object') throw new TypeError('The server does not listen on a port');
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, port: address.port };
}

/** The one address that "localhost" is here. With the name itself, fastify opens a second server that no limit watches. */
async function localAddress(): Promise<string> {
  const { address } = await lookup('localhost');
  return address;
}
