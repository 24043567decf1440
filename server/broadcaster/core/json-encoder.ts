import { firstRounded, parseExactly } from '../../../shared/wire/json-text.ts';

/** The form of messages on the wire, as tRPC's `experimental_encoder` has it. */
export interface Encoder {
  encode(data: unknown): string | Uint8Array<ArrayBuffer>;
  decode(data: string | ArrayBuffer | Uint8Array): unknown;
}

/** tRPC's default on the wire: JSON in text frames. Whole numbers of inputs that JavaScript would round are bigints. */
export const jsonEncoder: Encoder = {
  encode: (message) => JSON.stringify(message),
  decode(data) {
    if (typeof data !== 'string') {
      throw new Error(
        'jsonEncoder received binary data. JSON uses text frames. Use a binary encoder for binary data.',
      );
    }
    const message: unknown = JSON.parse(data);
    if (firstRounded(data) !== undefined) takeInputs(message, parseExactly(data));
    return message;
  },
};

/** Puts the inputs of the calls of one message, or of several, into the same message. */
function takeInputs(message: unknown, exact: unknown): void {
  if (Array.isArray(message) && Array.isArray(exact)) {
    for (const [index, each] of message.entries()) takeInputs(each, exact[index]);
  } else if (isObject(message) && isObject(exact)) {
    const [params, exactly] = [message['params'], exact['params']];
    if (isObject(params) && isObject(exactly) && 'input' in params) params['input'] = exactly['input'];
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
