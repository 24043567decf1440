import type { TRPCReconnectNotification } from '@trpc/server/rpc';
import { WebSocket } from 'ws';
import { jsonEncoder } from '../core/json-encoder.ts';

const NOTIFICATION: TRPCReconnectNotification = { id: null, method: 'reconnect' };

/** Asks tRPC's client to connect again. It keeps the connection that it has until the next one is open. */
export function askToReconnect(socket: WebSocket, encoder = jsonEncoder): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(NOTIFICATION));
}
