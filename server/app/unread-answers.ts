import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { StallGuard } from '../broadcaster/stall-guard.ts';

/**
 * Hangs up on clients of an HTTP server that take nothing of their answers [D9]: streams and calls, large and small,
 * of a request or of one that went before on the same connection. Upgraded connections are not its own.
 * @param refused told of each
 */
export function cutUnreadAnswers(server: Server, guard: StallGuard, refused: () => void): void {
  server.on('connection', (socket: Socket) => {
    guard.watch(socket, () => {
      refused();
      // A reset, or the system would go on holding what it could not deliver.
      socket.resetAndDestroy();
    });
  });
  server.on('upgrade', ({ socket }) => guard.unwatch(socket));
}
