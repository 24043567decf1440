/**
 * Sees to it that no error of a stream goes unheard. tRPC asks for the next item of a stream of server-sent events
 * before it has sent the one before: an error that comes while the client does not read is nobody's until then, and
 * one that nobody hears ends the process.
 * @param result what a procedure answered: changed if it is a stream, and nothing is done if it is none
 */
export function hearErrors(result: unknown): void {
  if (!isStream(result)) return;
  const iterate = result[Symbol.asyncIterator].bind(result);
  Object.assign(result, { [Symbol.asyncIterator]: () => heard(iterate()) });
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function heard<T>(iterator: AsyncIterator<T>): AsyncIterableIterator<T> {
  return {
    next() {
      const item = iterator.next();
      item.catch(() => {}); // whoever takes it sees the error
      return item;
    },
    async return() {
      return (await iterator.return?.()) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
