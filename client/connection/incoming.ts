import { isRecord } from '../../shared/wire/shapes.ts';

/** In the place of a message that is none: tRPC's client has no request of this id, and passes it over. */
const NOBODYS = { id: null };

/**
 * Messages as JSON, for tRPC's client. What is no message of tRPC it would take apart in a listener of the socket, and
 * throw there: in Node an exception that nobody catches, and the end of the process.
 *
 * @param onForeign told of each message that is none: whatever answers speaks another protocol
 */
export function messageEncoder(onForeign: () => void) {
  return {
    encode: (message: unknown): string => JSON.stringify(message),
    decode: (text: unknown): unknown => {
      const message = parse(text);
      if (isMessage(message)) return message;
      onForeign();
      return NOBODYS;
    },
  };
}

function parse(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(message: unknown): boolean {
  if (!isRecord(message)) return false;
  const { method, result, error } = message;
  return typeof method === 'string' || (error === undefined ? isRecord(result) : isError(error));
}

/** tRPC's client insists on a code. What is no output of a transformer becomes an error with one when it is decoded. */
function isError(error: unknown): boolean {
  if (!isRecord(error)) return false;
  const { json = { code: 0 } } = error;
  return isRecord(json) && typeof json['code'] === 'number';
}
