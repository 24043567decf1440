import { createClient, type EventsClient, type Transport } from '../../client/index.ts';
import { type AnyCatalog, EventsError, PROTOCOL_HEADER } from '../../shared/index.ts';
import { type Listener, nextOf, type Subject } from './adapter.ts';

/** Ways in which our client is started, in Node and in a page. */
export interface OurOptions {
  /** The transport that it is given. Default: what it chooses by itself. */
  readonly transport?: Transport | undefined;
  /** `loses` subscribes without a cursor after each lost connection: the runner must find it. Default: no fault. */
  readonly fault?: 'loses' | undefined;
}

/** @throws Error for words that name no transport and no fault */
export function toOptions(words: readonly string[]): OurOptions {
  const options: { transport?: Transport; fault?: 'loses' } = {};
  for (const word of words) {
    if (word === 'ws' || word === 'sse') options.transport = word;
    else if (word === 'loses') options.fault = word;
    else throw new Error(`There is no transport and no fault ${word}: give ws, sse, loses`);
  }
  return options;
}

/** Our client under the harness, the same in Node and in a page. */
export function ourSubject({ transport, fault }: OurOptions): Subject {
  let client: EventsClient<AnyCatalog> | undefined;
  const current = (): EventsClient<AnyCatalog> => client ?? missing();
  const follow = (type: string, input: object, { item, error }: Listener): (() => void) => {
    const { topic } = { topic: undefined, ...input };
    const withTopic = (told: string) => (topic === undefined ? { topic: told } : {});
    const handle = current().on(
      'any',
      ({ event_type, data, open, answer }, meta) =>
        item({ event_type, data, open, answer, ...withTopic(meta.topic) }),
      {
        ...input,
        ...(type !== 'any' && { types: [type] }),
        onSynced: (data) => item({ event_type: 'stream_synced', data }),
        onGap: (data, meta) => item({ event_type: 'stream_gap', data, ...withTopic(meta.topic) }),
        onError: (failure, willRetry) => {
          if (!willRetry) error(failure);
        },
      },
    );
    handle.ready.catch(() => {}); // told by onError
    return () => handle.unsubscribe();
  };
  return {
    client: `psyche-events${transport ? ` over ${transport}` : ''}`,
    capabilities: [
      ...['publish', 'retry', 'history', 'params', 'gives-up', 'moves', 'keep-alive', 'superjson'],
      ...['sees-own', 'open-events', 'answers', 'begins'],
    ],
    adapter: {
      connect({ url, tokens, version }, tellGaveUp) {
        const next = createClient<AnyCatalog>({
          url,
          onError: () => {}, // each subscription tells its own
          keepAlive: { intervalMs: 2_000, pongTimeoutMs: 3_000 }, // a busy machine lets an answer wait
          ...(transport && { transports: [transport] }),
          ...(tokens && { token: () => nextOf(tokens) }),
          ...(version && { connectionParams: { [PROTOCOL_HEADER]: version } }),
        });
        client = next;
        let gaveUp = false;
        next.connection.subscribe(({ status, error }) => {
          if (status !== 'closed' || error === null || gaveUp) return;
          gaveUp = true;
          const [, code] = /\b(4\d{3})\b/.exec(error.message) ?? [];
          tellGaveUp(code === undefined ? null : Number(code));
        });
      },
      subscribe(type, input, listener) {
        let end = follow(type, input, listener);
        if (fault !== 'loses') return () => end();
        let wasLive = false;
        const stop = current().connection.subscribe(({ status }) => {
          if (wasLive && status === 'reconnecting') {
            end();
            end = follow(type, input, listener);
          }
          wasLive = status === 'live';
        });
        return () => {
          stop();
          end();
        };
      },
      publish: (type, data, topic) => current().publish(type, data, { topic }),
      history: (input) => current().history(input),
      answer: (type, id, answer, topic) => current().answer(type, id, answer, { topic }),
      begin: (type, data, topic) => current().begin(type, data, { topic }),
      close: () => current().close(),
    },
    toTold: (error) =>
      error instanceof EventsError
        ? { reason: error.code, message: error.message, issues: error.issues }
        : { reason: null, message: String(error) },
  };
}

function missing(): never {
  throw new Error('Not connected');
}
