import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { EventsError } from '../../../shared/errors.ts';
import { readToEnd } from '../core/read-body.ts';
import type { UpgradeRefusal } from './decision.ts';

/** The refusal of a stream that could not be served: all that can go wrong with it is its body. */
export function refusalOf(cause: unknown): UpgradeRefusal {
  const message = cause instanceof Error ? cause.message : String(cause);
  return cause instanceof EventsError
    ? { status: 413, message, code: 'BODY_TOO_LARGE' }
    : { status: 400, message, code: 'BAD_REQUEST' };
}

/** Refuses a stream. Never rejects: its client may be gone. */
export async function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message }: UpgradeRefusal,
): Promise<void> {
  await readToEnd(request);
  if (response.headersSent) return;
  const body = JSON.stringify({ message: message ?? STATUS_CODES[status] });
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
}
