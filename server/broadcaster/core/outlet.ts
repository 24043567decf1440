import type { FrameStyle } from '../../event-manager/hubs/hub.ts';

/**
 * One client's end of a transport, as groups and their readers see it: takes bytes that are framed already, says how
 * many of them its client has not taken, and can hang up. A WebSocket is one, a stream of server-sent events another.
 */
export interface Outlet {
  /** Names the client in the log. */
  readonly name: string;
  /** True if the client takes messages that are compressed one by one (permessage-deflate). */
  readonly compresses: boolean;
  /** Form of server-sent events, where messages travel as those. */
  readonly events?: FrameStyle;
  /** Bytes handed over that the operating system has not taken yet. */
  readonly unsent: number;
  /**
   * Hands bytes over; several buffers leave in one write. Bytes that come after closing began are dropped.
   * @returns the bytes that are unsent, these included
   */
  write(frames: Buffer | readonly Buffer[]): number;
  /** Resolves when the client has taken what was handed over, or is gone. Never rejects. */
  drained(): Promise<void>;
  /** Hangs up. The client is told why, in the words of its transport. @param code a `CloseCode` */
  close(code: number, reason: string): void;
}

/** Writes to a socket; several buffers leave in one system call. */
export function writeTo(
  socket: { write(bytes: Buffer): unknown; cork(): void; uncork(): void },
  frames: Buffer | readonly Buffer[],
): void {
  if (Buffer.isBuffer(frames)) {
    socket.write(frames);
    return;
  }
  socket.cork();
  for (const each of frames) socket.write(each);
  socket.uncork();
}
