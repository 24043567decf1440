import type { WebSocketClass } from './socket.ts';

/** The platform's WebSocket; on a Node that has none, the package `ws`. */
export async function loadWebSocket(): Promise<WebSocketClass> {
  return globalThis.WebSocket ?? (await import('ws')).WebSocket;
}
