import type { WebSocketClass } from './socket.ts';

/** The platform's WebSocket; on a Node that has none, the package `ws`. */
export async function loadWebSocket(): Promise<WebSocketClass> {
  return globalThis.WebSocket ?? (await import('ws')).WebSocket;
}

/** Most characters of an answer that are read. */
const MAX_CHARS = 2000;

/** A socket of the package `ws` that has not opened; its answer is a Node `IncomingMessage`. */
interface NodeSocket {
  readonly readyState: number;
  on?(event: 'unexpected-response', listener: (request: unknown, response: Answer) => void): void;
  terminate?(): void;
}
type Answer = AsyncIterable<unknown> & { statusCode: number };

/** Calls back with the status and the words of a server that refuses an upgrade as ours do, in JSON. Only `ws` tells them. */
export function onRefusedUpgrade(socket: NodeSocket, tell: (status: number, words: string) => void): void {
  socket.on?.('unexpected-response', async (_, response) => {
    let body = '';
    try {
      for await (const part of response) {
        body += part;
        if (body.length > MAX_CHARS) break;
      }
      const { message }: { message?: unknown } = JSON.parse(body);
      if (typeof message === 'string') tell(response.statusCode, message);
    } catch {
      // A proxy's page, or no whole answer: the probe says more.
    }
    socket.terminate?.();
  });
}
