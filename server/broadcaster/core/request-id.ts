/** A client's name for a request. */
export type RequestId = number | string;

/** Characters of a request id: it goes out again with every item of a subscription. */
const MAX_ID_LENGTH = 256;

/** The reason why an id cannot be answered as it came; undefined if it can. `JSON.parse` makes Infinity of `1e400`, and JSON null of that. */
export function problemOfId(id: unknown): string | undefined {
  if (typeof id === 'string' && id.length > MAX_ID_LENGTH) return `longer than ${MAX_ID_LENGTH} characters`;
  return typeof id === 'number' && !Number.isFinite(id) ? 'a number beyond all that there are' : undefined;
}
