import type { WebSocketClass } from './socket.ts';

/**
 * Stands in for `load-web-socket.ts` in a browser's bundle, as package.json's `browser` says: the platform has a WebSocket,
 * and bundlers would add the package `ws`, or its stub and what imports a CommonJS module.
 */
export async function loadWebSocket(): Promise<WebSocketClass> {
  return globalThis.WebSocket;
}

/** Browsers tell nothing of a refused upgrade. */
export function onRefusedUpgrade(): void {}
