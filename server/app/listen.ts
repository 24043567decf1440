import { once } from 'node:events';
import type { Server } from 'node:http';
import { EventsError } from '../../shared/errors.ts';

/** Begins to listen. @throws EventsError INVALID_OPTION when host and port cannot be listened on */
export async function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; port: number }> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use. Stop what uses it, or set PORT to another one`
        : `Cannot listen on port ${port} of ${host} (${message}). Set HOST and PORT`;
    throw new EventsError('INVALID_OPTION', `${reason}.`, { cause: error });
  }
  const address = server.address();
  if (typeof address !== 'object' || address === null)
    throw new TypeError('The server does not listen on a port');
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, port: address.port };
}
