import { TRPCError } from '@trpc/server';
import { parseConnectionParamsFromUnknown, type TRPCRequestInfo } from '@trpc/server/http';
import { parseTRPCMessage, type TRPCClientOutgoingMessage } from '@trpc/server/rpc';
import type { RawData } from 'ws';
import { CloseCode } from '../../shared/close-codes.ts';
import type { Connection } from './connection.ts';
import { NO_CALL, shapeError } from './errors.ts';
import { isObject } from './guards.ts';
import { jsonEncoder } from './json-encoder.ts';
import { largestCall } from './largest-call.ts';
import type { Setup } from './options.ts';
import { MAX_ID_LENGTH } from './request-id.ts';

/** What an encoder decodes: the text of a text frame, the bytes of a binary one. */
export type Payload = string | Uint8Array;

/** The payload of a message. @throws TRPCError for the shapes of `ws` that no encoder reads (`binaryType`) */
export function readPayload(raw: RawData, isBinary: boolean): Payload {
  if (!Buffer.isBuffer(raw)) {
    throw new TRPCError({
      code: 'UNPROCESSABLE_CONTENT',
      message: 'Unexpected WebSocket message format',
    });
  }
  return isBinary ? raw : raw.toString('utf8');
}

/** The params in a client's first message. @throws TRPCError PARSE_ERROR */
export function readConnectionParams(
  connection: Connection,
  payload: Payload,
): TRPCRequestInfo['connectionParams'] {
  let message: unknown;
  try {
    message = connection.setup.encoder.decode(payload);
    if (!isObject(message)) throw new Error('Message was not an object');
  } catch (cause) {
    throw new TRPCError({
      code: 'PARSE_ERROR',
      message: 'Malformed TRPCConnectionParamsMessage',
      cause,
    });
  }
  return parseConnectionParamsFromUnknown(message['data']);
}

/** What stands in for the router's transformer here: inputs are left as they came, see {@link Call.input}. */
const UNREAD: Parameters<typeof parseTRPCMessage>[1] = {
  input: { serialize: (value) => value, deserialize: (value) => value },
  output: { serialize: (value) => value, deserialize: (value) => value },
};

/** The requests in a message, one or a batch; none, and the client told, when it cannot be read. */
export function readRequests(connection: Connection, payload: Payload): TRPCClientOutgoingMessage[] {
  const { encoder, options } = connection.setup;
  if (hasLargeCall(payload, connection.setup)) {
    closeTooLarge(connection);
    return [];
  }
  try {
    const message = encoder.decode(payload);
    if (!Array.isArray(message)) return [parse(message)];
    if (options.maxBatchSize !== undefined && message.length > options.maxBatchSize) {
      rejectBatch(connection, message);
      return [];
    }
    return message.map(parse);
  } catch (cause) {
    connection.rejectSafely(new TRPCError({ code: 'PARSE_ERROR', cause }));
    return [];
  }
}

/** Tells if a call has more bytes than it may, told from the message as it came. */
function hasLargeCall(payload: Payload, { encoder, limits }: Setup): boolean {
  if (Buffer.byteLength(payload) <= limits.maxCallBytes) return false;
  // Only JSON shows where a call ends; what another encoder made is measured as one.
  return typeof payload !== 'string' || encoder !== jsonEncoder || largestCall(payload) > limits.maxCallBytes;
}

function closeTooLarge({ ws, setup }: Connection): void {
  ws.close(CloseCode.MESSAGE_TOO_BIG, `a call has more than ${setup.limits.maxCallBytes} bytes`);
}

function parse(request: unknown): TRPCClientOutgoingMessage {
  if (isObject(request) && typeof request['id'] === 'string' && request['id'].length > MAX_ID_LENGTH) {
    throw new Error(`Invalid request id: longer than ${MAX_ID_LENGTH} characters`);
  }
  return parseTRPCMessage(request, UNREAD);
}

/**
 * Answers each request of a batch that is too large, so that no client waits for ever.
 * It reads nothing but ids: no input of such a batch is deserialised.
 */
function rejectBatch(connection: Connection, requests: readonly unknown[]): void {
  const error = connection.report(
    new TRPCError({ code: 'BAD_REQUEST', message: 'Batch call exceeds maximum size' }),
  );
  const shape = shapeError(connection, NO_CALL, error);
  let answered = false;
  for (const request of requests) {
    if (!isObject(request) || request['method'] === 'subscription.stop') continue;
    const { id, jsonrpc } = request;
    if (typeof id !== 'number' && typeof id !== 'string') continue;
    connection.respondSafely({ id, ...(jsonrpc === '2.0' && { jsonrpc }), error: shape });
    answered = true;
  }
  if (!answered) connection.respondSafely({ id: null, error: shape });
}
