import type { FrameStyle } from '../groups/frame-style.ts';

const LINE_END = Buffer.from('\r\n');

/** Events in one chunk of HTTP/1.1, its length before it. */
export const chunked: FrameStyle = {
  frame(bodies) {
    const size = bodies.reduce((sum, { length }) => sum + length, 0);
    return Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), ...bodies, LINE_END]);
  },
};

/** Events as they are, for HTTP/1.0: the answer ends with its connection. */
export const plain: FrameStyle = { frame: (bodies) => Buffer.concat(bodies) };

/** A server-sent event that is none of the subscription's items, as tRPC writes it. */
export function namedEvent(name: 'connected' | 'ping' | 'serialized-error', data = ''): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${data}\n\n\n`);
}
