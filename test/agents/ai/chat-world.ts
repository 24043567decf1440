import type { UIMessage } from 'ai';
import type { ChatChunk } from '../../../agents/ai/chunks/chat-chunk.ts';
import { chatDialect } from '../../../agents/ai/chunks/chat-dialect.ts';
import { type ChatHandler, type ChatRunsOptions, chatEvents, chatRuns } from '../../../agents/ai/index.ts';
import { StreamReader } from '../../../agents/stream/stream-reader.ts';
import { wholeItems } from '../../../agents/stream/whole-items.ts';
import { EventManager, type Logger, MemoryBroker, runs } from '../../../server/index.ts';
import { defineEvents } from '../../../shared/index.ts';
import type { Chunk } from './sdk.ts';

export const chatCatalog = defineEvents(chatEvents);

/** A message of a user. */
export function asked(id: string, text = id): UIMessage {
  return { id, role: 'user', parts: [{ type: 'text', text }] };
}

/** An answer's chunks: its texts. */
export function* says(...texts: string[]): Generator<Chunk> {
  yield { type: 'text-start', id: '0' };
  for (const delta of texts) yield { type: 'text-delta', id: '0', delta };
  yield { type: 'text-end', id: '0' };
}

/** Items, once there are no more. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The topic of the chat `c`. */
export const topic = 'chat-c';

let requests = 0;

/** A manager in memory that answers chats. */
export function chatWorld(
  handler: ChatHandler,
  {
    logger,
    clock,
    onError = String,
    topicOf,
    ...options
  }: { maxRecords?: number; logger?: Logger } & ChatRunsOptions = {},
) {
  const broker = new MemoryBroker(options);
  const manager = new EventManager({ broker, catalog: chatCatalog, ...(logger && { logger }) });
  chatRuns(manager, { onError, clock, topicOf }).serve(handler);
  const all = runs(manager, { topic });
  return {
    manager,
    all,
    /** Asks for an answer to messages. @returns the id of its run, once it is begun */
    async ask(
      messages: UIMessage[],
      more: { trigger?: 'regenerate-message'; message?: string } = {},
    ): Promise<string> {
      const run_id = `run-${++requests}`;
      const begun = new Promise<string>((resolve, reject) => {
        const listener = manager.addListener(
          ({ data: { run, error } }: { data: { run?: string | undefined; error?: object | undefined } }) => {
            manager.removeListener(listener);
            if (run === undefined) reject(error);
            else resolve(run);
          },
          { topic, types: ['chat_accepted'], filter: { request: run_id } },
        );
      });
      const request = { run_id, chat: 'c', trigger: 'submit-message' as const, ...more, messages };
      await manager.publish('chat_request', JSON.parse(JSON.stringify(request)), { topic, by: 'ada' });
      return begun;
    },
    [Symbol.asyncDispose]: () => manager.close(),
  };
}

export type ChatWorld = ReturnType<typeof chatWorld>;

/**
 * Chunks of a run, as a viewer is told them who joins now, until its end.
 * @param since the place from which it is told. Default: the topic's beginning
 */
export async function* viewed(
  { manager }: Pick<ChatWorld, 'manager'>,
  run: string,
  since: string | { at: string } = {
    at: new Date(0).toISOString(),
  },
): AsyncGenerator<Chunk, void, undefined> {
  const over = new AbortController();
  const reader = new StreamReader<ChatChunk>(chatDialect, { run });
  const items = manager.subscribe({ topic, since, signal: over.signal });
  for await (const { cursor, event } of wholeItems(items)) {
    for (const chunk of reader.take(event, cursor)) if (chunk.type !== 'tool-input-end') yield chunk;
    if (reader.hasEnded(run)) break;
  }
  over.abort();
}
