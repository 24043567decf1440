import type { RawData } from 'ws';

/**
 * The part of a WebSocket of `ws` that a connection uses. A stream of messages has it too, so everything that is said over
 * a WebSocket can be said over HTTP.
 */
export interface ClientSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  /** Names of those that were negotiated, joined by commas. */
  readonly extensions: string;
  readonly isPaused: boolean;
  on(event: 'message', listener: (data: RawData, isBinary: boolean) => void): unknown;
  on(event: 'error', listener: (cause: Error) => void): unknown;
  on(event: 'close', listener: (code: number) => void): unknown;
  /** No messages come any more, and the client leaves when it is answered: never of a WebSocket. */
  once(event: 'end', listener: () => void): unknown;
  send(data: string | Uint8Array, sent?: () => void): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}
