/** The state of a socket that has not opened. */
const CONNECTING = 0;
const CLOSING_MS = 1000;
/** Less than 64 KiB whatever the characters: servers close connections whose messages are larger. */
const LARGE_MESSAGE_CHARS = 16 * 1024;

/** A WebSocket class, as far as it is used; the browser's own and that of the package `ws` are such classes. */
export type WebSocketClass = new (url: string) => RawSocket;

interface RawSocket {
  readonly readyState: number;
  close(code?: number, reason?: string): void;
  send(data: string): void;
  /** `ws` only: without a closing handshake. */
  terminate?(): void;
}

/**
 * A WebSocket class for tRPC's client that gives up in time, and sends no joined messages that are too large.
 * Platforms by themselves wait minutes for a server that does not answer the handshake, and up to a minute for one that
 * does not answer a close. A dead network would look alive for as long.
 *
 * @param implementation asked for each socket, so that it may be loaded late
 * @param onCreate sees each socket; `hung` tells if nothing came for as long as it may take to open
 * @param openingMs ms for a socket to open
 */
export function impatientWebSocket(
  implementation: () => WebSocketClass,
  onCreate: (socket: WebSocket, hung: () => boolean) => void,
  openingMs: () => number,
): typeof WebSocket {
  // Called with `new` by tRPC's client, which then gets what it returns.
  function Impatient(url: string): WebSocket {
    const Implementation = implementation();
    const socket = new Implementation(url) as WebSocket & RawSocket;
    const hung = giveUpInTime(socket, openingMs());
    sendApart(socket);
    onCreate(socket, hung);
    return socket;
  }
  const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
  return Object.assign(Impatient, states) as unknown as typeof WebSocket;
}

/**
 * Calls back once the server has let a socket in: servers answer a `PING` after they have authenticated the client. An
 * open socket alone proves nothing, since a server closes it again if the token is not valid.
 */
export function onAdmission(socket: WebSocket, admitted: () => void): void {
  const onMessage = ({ data }: MessageEvent): void => {
    if (data !== 'PONG') return;
    socket.removeEventListener('message', onMessage);
    admitted();
  };
  socket.addEventListener('message', onMessage);
  socket.addEventListener('open', () => {
    // After the token, which has to be the first message.
    setTimeout(() => {
      if (socket.readyState === socket.OPEN) socket.send('PING');
    });
  });
}

/** Has tRPC's client open another socket, as a server asks it to: it keeps this one until that is open, and loses nothing. */
export function replace(socket: WebSocket): void {
  socket.dispatchEvent(new MessageEvent('message', { data: { id: null, method: 'reconnect' } }));
}

/** @returns tells if nothing came in time: the socket did not open, or has opened at a proxy that passes nothing on */
function giveUpInTime(socket: WebSocket & RawSocket, openingMs: number): () => boolean {
  let isHung = false;
  const close = socket.close.bind(socket);
  let closing: ReturnType<typeof setTimeout> | undefined;
  socket.close = (code, reason) => {
    close(code, reason);
    closing ??= setTimeout(() => abandon(socket), CLOSING_MS);
  };
  const opening = setTimeout(() => {
    isHung = true;
    if (socket.readyState === CONNECTING) socket.close();
  }, openingMs);
  socket.addEventListener('message', () => clearTimeout(opening), { once: true });
  socket.addEventListener('close', () => {
    clearTimeout(opening);
    clearTimeout(closing);
  });
  // Node's WebSocket refuses a port before tRPC's client listens to it.
  const refused = (): void => void setTimeout(() => abandon(socket));
  socket.addEventListener('close', refused);
  setTimeout(() => socket.removeEventListener('close', refused));
  return () => isHung;
}

/** tRPC's client joins all requests of one turn of the event loop: many small publishes would make one large message. */
function sendApart(socket: WebSocket & RawSocket): void {
  const send = socket.send.bind(socket);
  socket.send = (text: string) => {
    const requests: unknown = isLarge(text.length) ? JSON.parse(text) : null;
    if (!Array.isArray(requests)) send(text);
    else for (const request of requests) send(JSON.stringify(request));
  };
}

/** Tells if a message of that many characters may be larger than a server takes. */
export function isLarge(length: number): boolean {
  return length > LARGE_MESSAGE_CHARS;
}

/** Ends a socket for its listeners, whatever the network does with it later. */
function abandon(socket: WebSocket & RawSocket): void {
  if (socket.terminate) {
    socket.terminate();
  } else {
    socket.dispatchEvent(new Event('error'));
    socket.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '', wasClean: false }));
  }
}
