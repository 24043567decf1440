import type { WebSocket } from 'ws';

/**
 * Sends the text `PING` after `pingMs` of silence, and hangs up if nothing arrives within `pongWaitMs` of it. While the
 * server itself reads nothing from a client, its silence says nothing about it.
 * @param pingMs milliseconds, default 30 000
 * @param pongWaitMs milliseconds, default 5000
 */
export function keepAlive(ws: WebSocket, pingMs = 30_000, pongWaitMs = 5_000): void {
  let timer: NodeJS.Timeout;
  const waitForSilence = () => {
    timer = setTimeout(() => {
      ws.send('PING');
      timer = setTimeout(() => (ws.isPaused ? waitForSilence() : ws.terminate()), pongWaitMs);
    }, pingMs);
  };
  waitForSilence();
  ws.on('message', () => {
    clearTimeout(timer);
    waitForSilence();
  });
  ws.on('close', () => clearTimeout(timer));
}
