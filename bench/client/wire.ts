import { createHash, randomBytes } from 'node:crypto';
import { constants, inflateRawSync } from 'node:zlib';

export const Opcode = { TEXT: 1, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** End of every deflated message, which is left out on the wire (RFC 7692). */
const DEFLATE_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** A client's frame. Its mask is zero, so that masking is no work. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  if (payload.length > 0xffff) throw new TypeError('a client of the bench sends small messages only');
  const short = payload.length < 126;
  const header = Buffer.alloc(short ? 6 : 8);
  header.writeUInt8(0x80 | opcode, 0);
  header.writeUInt8(0x80 | (short ? payload.length : 126), 1);
  if (!short) header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** The request that turns a connection into a WebSocket, and the check of its answer. */
export function upgrade(url: URL, headers: Readonly<Record<string, string>> = {}) {
  const key = randomBytes(16).toString('base64');
  const lines = {
    Host: url.host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return {
    request: `GET ${url.pathname}${url.search} HTTP/1.1\r\n${head.join('')}\r\n`,
    /** @throws Error when the server did not agree to everything asked for */
    check(response: string): void {
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      if (!response.includes(accept)) throw new Error(`no WebSocket: ${response.split('\r\n')[0]}`);
      const deflates = /^sec-websocket-extensions:.*permessage-deflate/im.test(response);
      if (deflates !== 'Sec-WebSocket-Extensions' in headers)
        throw new Error(
          `compression is ${deflates ? 'on, but was not asked for' : 'off, but was asked for'}`,
        );
    },
  };
}

/** The texts of deflated messages of one connection, in the order they came. */
export function inflate(messages: readonly Buffer[]): string {
  const deflated = Buffer.concat(messages.flatMap((message) => [message, DEFLATE_TAIL]));
  return inflateRawSync(deflated, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}
