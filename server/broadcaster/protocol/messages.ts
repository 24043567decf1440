import { TRPCError } from '@trpc/server';
import { parseConnectionParamsFromUnknown, type TRPCRequestInfo } from '@trpc/server/http';
import { parseTRPCMessage, type TRPCClientOutgoingMessage } from '@trpc/server/rpc';
import type { RawData } from 'ws';
import { CloseCode } from '../../../shared/protocol.ts';
import { endOfString, hasMoreValues } from '../../../shared/wire/json-text.ts';
import { NO_CALL, shapeError } from '../core/errors.ts';
import { isObject, jsonEncoder } from '../core/json-encoder.ts';
import type { Connection } from '../socket/connection.ts';
import { SLOW_GRACE_MS } from '../socket/socket-life.ts';

/** Characters of a request id: it goes out again with every item of a subscription. */
const MAX_ID_LENGTH = 256;

/** Input of an encoder: the text of a text frame, the bytes of a binary one. */
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

/** The params in a client's first message, which may be as large as one call. @throws TRPCError PARSE_ERROR */
export function readConnectionParams(
  connection: Connection,
  payload: Payload,
): TRPCRequestInfo['connectionParams'] {
  let message: unknown;
  try {
    if (Buffer.byteLength(payload) > connection.setup.limits.maxCallBytes)
      throw new Error('Message was too large');
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

/** A stand-in for the router's transformer: inputs are left as they came, see {@link Call.input}. */
const UNREAD: Parameters<typeof parseTRPCMessage>[1] = {
  input: { serialize: (value) => value, deserialize: (value) => value },
  output: { serialize: (value) => value, deserialize: (value) => value },
};

/** The requests in a message, one or a batch; none, and the client told, when it cannot be read. */
export function readRequests(connection: Connection, payload: Payload): TRPCClientOutgoingMessage[] {
  const { encoder, options } = connection.setup;
  const excess = excessOf(connection, payload);
  if (excess !== undefined) {
    connection.close(CloseCode.MESSAGE_TOO_BIG, excess, SLOW_GRACE_MS);
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

/** The part of a message that is more than it may be, told from the message as it came. */
function excessOf(connection: Connection, payload: Payload): string | undefined {
  const { encoder, limits, options } = connection.setup;
  const { maxCallBytes, maxMessageValues } = limits;
  // Only JSON shows where a call ends, and what it holds; what another encoder made is measured as one call.
  const isJson = typeof payload === 'string' && encoder === jsonEncoder;
  const bytes = Buffer.byteLength(payload);
  const isLarge = bytes > maxCallBytes && !(isJson && largestCall(payload) <= maxCallBytes);
  const tooLarge = `a call has more than ${maxCallBytes} bytes`;
  if (isLarge && !(isJson && options.mayBeLarge)) return tooLarge;
  if (isJson && hasMoreValues(payload, maxMessageValues))
    return `a message has more than ${maxMessageValues} values`;
  return isLarge && !mayBeLarge(connection, payload) ? tooLarge : undefined;
}

/** Asks the application if a call may be large. One that cannot tell is told of, and the call may not. */
function mayBeLarge(connection: Connection, payload: Payload): boolean {
  try {
    return connection.setup.options.mayBeLarge?.(pathOf(payload)) ?? false;
  } catch (cause) {
    connection.reportFailure(cause);
    return false;
  }
}

/** Path of the call that a message of JSON is; empty where it is none, or several. */
function pathOf(payload: Payload): string {
  try {
    const message: unknown = jsonEncoder.decode(payload);
    const params = isObject(message) ? message['params'] : undefined;
    return isObject(params) && typeof params['path'] === 'string' ? params['path'] : '';
  } catch {
    return '';
  }
}

/** The reason why an id cannot be answered as it came; undefined if it can. `JSON.parse` makes Infinity of `1e400`, and JSON null of that. */
function problemOfId(id: unknown): string | undefined {
  if (typeof id === 'string' && id.length > MAX_ID_LENGTH) return `longer than ${MAX_ID_LENGTH} characters`;
  return typeof id === 'number' && !Number.isFinite(id) ? 'a number too large to represent' : undefined;
}

function parse(request: unknown): TRPCClientOutgoingMessage {
  const problem = isObject(request) ? problemOfId(request['id']) : undefined;
  if (problem !== undefined) throw new Error(`Invalid request id: ${problem}`);
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
    if ((typeof id !== 'number' && typeof id !== 'string') || problemOfId(id) !== undefined) continue;
    connection.respondSafely({ id, ...(jsonrpc === '2.0' && { jsonrpc }), error: shape });
    answered = true;
  }
  if (!answered) connection.respondSafely({ id: null, error: shape });
}

/**
 * Bytes of the largest call in a message of JSON: of the whole, or of the largest item if it is a list. Found by going
 * over the text once, before it is parsed. Of a text that is no JSON it is the largest part between the places that
 * would end one.
 */
export function largestCall(text: string): number {
  if (!text.trimStart().startsWith('[')) return Buffer.byteLength(text);
  let largest = 0;
  let start = text.indexOf('[') + 1;
  let depth = 1;
  const end = (at: number): void => {
    const mayBe = (at - start) * 3 > largest; // a character has three bytes at most
    if (mayBe) largest = Math.max(largest, Buffer.byteLength(text.slice(start, at)));
    start = at + 1;
  };
  for (let at = start; at < text.length && depth > 0; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (--depth === 0) end(at);
        break;
      case 0x2c: // ,
        if (depth === 1) end(at);
        break;
    }
  }
  end(text.length);
  return largest;
}
