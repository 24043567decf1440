import { loadWebSocket } from './load-web-socket.ts';
import type { WebSocketClass } from './socket.ts';
import type { StreamOptions } from './stream-socket.ts';
import type { Transport } from './transports.ts';

/** The class of a connection's sockets over each transport, loaded when it is needed: most pages never need the second. */
export class SocketClasses {
  readonly #streamOptions: StreamOptions;
  #webSocket: WebSocketClass | undefined;
  #stream: WebSocketClass | undefined;

  /** @param webSocket the one to use. Default: the platform's */
  constructor(webSocket: WebSocketClass | undefined, streamOptions: StreamOptions) {
    this.#webSocket = webSocket;
    this.#streamOptions = streamOptions;
  }

  async load(transport: Transport): Promise<void> {
    if (transport === 'ws') this.#webSocket ??= await loadWebSocket();
    else this.#stream ??= (await import('./stream-socket.ts')).streamSocket(this.#streamOptions);
  }

  of(transport: Transport): WebSocketClass {
    return (transport === 'ws' ? this.#webSocket : this.#stream) ?? globalThis.WebSocket;
  }
}
