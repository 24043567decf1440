import type { IncomingMessage } from 'node:http';
import { COMPRESSION } from '../core/compression.ts';

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
