import { TRPCError } from '@trpc/server';
import { EventsError } from '../../../shared/errors.ts';

/** Parts of one form. */
const MAX_PARTS = 100;
/** Bytes of the heads of all parts. */
const MAX_HEAD_BYTES = 16 * 1024;

/** The parameter of a form's type of content, as RFC 2046 has it. */
const BOUNDARY = /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i;

/**
 * A request whose body is a form that has been read. Reading its parts is left to whatever asks for them, with the same
 * boundary as here: 1 MiB of the smallest files would hold up everybody for seconds.
 * @throws EventsError TOO_LARGE for more parts, or longer heads of them, than a form may have; TRPCError where no boundary
 *   is named
 */
export function requestOfForm({ url, method, headers, signal }: Request, body: Buffer): Request {
  const [, quoted, plain] = BOUNDARY.exec(headers.get('content-type') ?? '') ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined)
    throw new TRPCError({ code: 'BAD_REQUEST', message: 'The type of a form names its boundary' });
  checkParts(body, boundary);
  const sent = new Headers(headers);
  sent.set('content-type', `multipart/form-data; boundary="${boundary}"`);
  return new Request(url, { method, headers: sent, signal, body: new Uint8Array(body) });
}

function checkParts(body: Buffer, boundary: string): void {
  let parts = 0;
  let headBytes = 0;
  for (let at = body.indexOf(boundary); at >= 0; ) {
    const from = at + boundary.length;
    const next = body.indexOf(boundary, from);
    const part = body.subarray(from, next < 0 ? body.length : next);
    const head = part.indexOf('\r\n\r\n');
    headBytes += head < 0 ? part.length : head;
    if (++parts > MAX_PARTS + 1 || headBytes > MAX_HEAD_BYTES) {
      const message = `A form may have ${MAX_PARTS} parts, and ${MAX_HEAD_BYTES / 1024} KiB of names and headers`;
      throw new EventsError('TOO_LARGE', message);
    }
    at = next;
  }
}
