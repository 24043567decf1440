import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { type BuiltPage, serve } from '../setup/build-page.ts';
import { bundle } from '../setup/bundle.ts';

/** Opens an address in a browser. @returns what closes it */
export type OpenPage = (url: string) => Promise<() => Promise<unknown>>;

/** A client in pages of a browser, as commands for the runner. */
export interface PageClients extends AsyncDisposable {
  /** A line for the shell. @param words the transport of the client, and its fault */
  command(...words: string[]): string;
}

/**
 * Serves a page with a client, which is opened anew for each start of a command. A line of the runner goes through the
 * command to the page, and a line of the page comes back on the same way.
 */
export async function startPageClients(page: BuiltPage, open: OpenPage): Promise<PageClients> {
  const file = serve(page);
  const http = createServer((request, response) => {
    if (!file(request, response)) response.writeHead(404).end();
  });
  /** Pages that have been opened and have not called yet, by their names. */
  const awaited = new Map<string | null, (socket: WebSocket) => void>();
  const commands = new Set<Promise<void>>();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, { url = '' }) => {
    const asked = new URL(url, origin).searchParams;
    if (asked.has('page')) return awaited.get(asked.get('page'))?.(socket);
    const command = link(socket, asked).catch((error: unknown) => socket.send(`No page: ${String(error)}`));
    commands.add(command);
    void command.finally(() => commands.delete(command));
  });

  /** Opens a page for a command, and is done when the page is closed. */
  const link = async (command: WebSocket, asked: URLSearchParams): Promise<void> => {
    const ended = once(command, 'close');
    const name = randomUUID();
    awaited.set(name, (called) => {
      called.on('message', (line) => command.send(String(line)));
      command.on('message', (line) => called.send(String(line)));
    });
    asked.set('page', name);
    const close = await open(`${origin}/?${asked}`);
    await ended;
    awaited.delete(name);
    await close();
  };

  await once(http.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const program = bundle(join(import.meta.dirname, 'page-client.ts'));
  return {
    command(...words) {
      const asked = new URLSearchParams(words.map((word) => ['word', word]));
      return `'${process.execPath}' '${program}' '${origin.replace('http', 'ws')}/?${asked}'`;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      await Promise.all(commands);
      http.close();
      http.closeAllConnections();
    },
  };
}
