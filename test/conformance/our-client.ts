/** Our client under the harness: `psyche-events conformance --cmd 'tsx test/conformance/our-client.ts'`. */
import { createClient, type EventsClient } from '../../client/index.ts';
import { type AnyCatalog, EventsError, PROTOCOL_HEADER } from '../../shared/index.ts';
import { type Adapter, nextOf, say, serve } from './adapter.ts';

let client: EventsClient<AnyCatalog> | undefined;
const current = (): EventsClient<AnyCatalog> => client ?? missing();

function missing(): never {
  throw new Error('Not connected');
}

const adapter: Adapter = {
  connect({ url, tokens, version }) {
    const next = createClient<AnyCatalog>({
      url,
      onError: () => {}, // each subscription tells its own
      keepAlive: { intervalMs: 2_000, pongTimeoutMs: 1_000 },
      ...(tokens && { token: () => nextOf(tokens) }),
      ...(version && { connectionParams: { [PROTOCOL_HEADER]: version } }),
    });
    client = next;
    let gaveUp = false;
    next.connection.subscribe(({ status, error }) => {
      if (status !== 'closed' || error === null || gaveUp) return;
      gaveUp = true;
      const [, code] = /\b(4\d{3})\b/.exec(error.message) ?? [];
      say({ closed: { code: code === undefined ? null : Number(code) } });
    });
  },
  subscribe(type, input, { item, error }) {
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
  },
  publish: (type, data, topic) => current().publish(type, data, { topic }),
  history: (input) => current().history(input),
  answer: (type, id, answer, topic) => current().answer(type, id, answer, { topic }),
  begin: (type, data, topic) => current().begin(type, data, { topic }),
  close: () => current().close(),
};

serve(
  'psyche-events',
  [
    ...['publish', 'retry', 'history', 'params', 'gives-up', 'moves', 'keep-alive', 'superjson', 'sees-own'],
    ...['open-events', 'answers', 'begins'],
  ],
  adapter,
  (error) =>
    error instanceof EventsError
      ? { reason: error.code, message: error.message, issues: error.issues }
      : { reason: null, message: String(error) },
);
