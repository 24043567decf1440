import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { COMPRESSION } from '../core/limits.ts';
import { endWith, type PendingAnswers } from './answers.ts';

/** Ms for the answers that are owed before an upgrade that came in the same breath. */
const ANSWERS_MS = 30_000;

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface UpgradesOptions {
  server: Server;
  /** The answers of the server that are not given yet. */
  pending: PendingAnswers;
  /** Takes an upgrade to a WebSocket, or refuses it. */
  take: Upgrade;
  /** Tells if an upgrade is another listener's. Default: none is. */
  leaves?: (request: IncomingMessage) => boolean;
}

/**
 * Makes the listener of a server's upgrades. It takes those to WebSockets, each after the answers that its connection is
 * owed. Any other offer to upgrade is passed over, and the request served: RFC 9110 leaves that to the server, and clients
 * that offer HTTP/2 count on it. What is offered with a WebSocket and not spoken here is declined.
 */
export function upgradeListener({ server, pending, take, leaves = () => false }: UpgradesOptions) {
  return async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    // Before anything else: a socket without this listener ends the process when its peer resets it, whoever takes it.
    if (!socket.listeners('error').includes(destroy)) socket.on('error', destroy);
    if (leaves(request)) return;
    if (!(await pending.given(socket, ANSWERS_MS))) socket.destroy();
    if (!socket.writable) return;
    if (isWebSocketHandshake(request)) {
      request.headers.upgrade = 'websocket'; // the one that is taken of those that were offered
      keepAcceptableOffers(request);
      take(request, socket, head);
      return;
    }
    if (isCut(server, request)) {
      endWith(socket, 431);
      return;
    }
    socket.off('error', destroy);
    handBack(server, request, socket, head);
  };
}

/** One for all sockets and all Broadcasters: a socket has it once, however many listen for its upgrade. */
function destroy(this: Duplex): void {
  this.destroy();
}

/** A GET by HTTP/1.1 with `websocket` among what is offered. */
function isWebSocketHandshake({ method, headers, httpVersion }: IncomingMessage): boolean {
  return method === 'GET' && httpVersion === '1.1' && tokens(headers.upgrade).includes('websocket');
}

/** Node's own limit on the headers of a request, names and values, where a server sets none. */
const MAX_HEADER_TEXTS = 2000;

/**
 * Tells if headers of a request may have been left out, as Node does beyond a number of them. Given back without the
 * length of its body, a request would be followed by one that its client, or a proxy before this server, did not ask.
 */
function isCut({ maxHeadersCount }: Server, { rawHeaders }: IncomingMessage): boolean {
  const most = maxHeadersCount === null ? MAX_HEADER_TEXTS : 2 * maxHeadersCount;
  return most > 0 && rawHeaders.length >= most;
}

/** Headers that belong to an offer, beside `Connection`. */
const OF_OFFERS = ['upgrade', 'http2-settings'];

/** Gives a connection back to the server as if it came with this request, without its offer to upgrade. */
function handBack(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    if (name.toLowerCase() === 'connection') {
      const kept = tokens(value).filter((token) => !OF_OFFERS.includes(token));
      if (kept.length > 0) lines.push(`${name}: ${kept.join(', ')}`);
    } else if (!OF_OFFERS.includes(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

function tokens(list = ''): string[] {
  return list.split(',').map((token) => token.trim().toLowerCase());
}

/** Parameters of permessage-deflate with which it is spoken here. */
const PARAMETERS = [
  /^(server|client)_no_context_takeover$/,
  /^client_max_window_bits(=("?)([89]|1[0-5])\2)?$/,
  new RegExp(`^server_max_window_bits=("?)${COMPRESSION.serverMaxWindowBits}\\1$`),
];
/** A token of RFC 9110. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * Takes out of a WebSocket's handshake what it offers and is not spoken here: extensions with parameters that are unknown
 * or cannot be met, subprotocols that are no names. An offer may be declined; `ws` alone would refuse the connection.
 */
export function keepAcceptableOffers({ headers }: IncomingMessage): void {
  keep(headers, 'sec-websocket-extensions', isAcceptableExtension);
  keep(headers, 'sec-websocket-protocol', (name) => TOKEN.test(name));
}

function keep(
  headers: IncomingMessage['headers'],
  header: 'sec-websocket-extensions' | 'sec-websocket-protocol',
  isAcceptable: (offer: string) => boolean,
): void {
  const offers = headers[header]?.split(',').map((offer) => offer.trim());
  const kept = [...new Set(offers?.filter(isAcceptable))];
  if (kept.length > 0) headers[header] = kept.join(', ');
  else delete headers[header];
}

function isAcceptableExtension(offer: string): boolean {
  const [name, ...parameters] = offer.split(';').map((part) => part.trim());
  if (name !== 'permessage-deflate') return false;
  const names = new Set(parameters.map((parameter) => parameter.split('=', 1)[0]));
  const isKnown = (parameter: string): boolean => PARAMETERS.some((known) => known.test(parameter));
  return names.size === parameters.length && parameters.every(isKnown);
}
