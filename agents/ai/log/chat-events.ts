import type { UIMessage } from 'ai';
import * as z from 'zod';
import type { EventManager } from '../../../server/event-manager/event-manager.ts';
import type { AnyCatalog, Catalog, CatalogOf, OpensOf, SchemasOf } from '../../../shared/catalog.ts';
import { jsonValue } from '../../../shared/data/bounded-schemas.ts';
import { EventsError } from '../../../shared/errors.ts';
import { ephemeral } from '../../../shared/open/kinds.ts';
import { runEvents } from '../../../shared/runs/run-events.ts';
import { argsPart, recordSchema, textPart } from '../../stream/stored.ts';
import type { ChatInput } from '../chunks/chat-input.ts';

/** Characters of an id: those of the SDK have 16, those of providers some 100. */
const id = z.string().min(1).max(256);

/** A message as the SDK's versions have it: its details are theirs. */
const message = z
  .looseObject({
    id,
    role: z.enum(['system', 'user', 'assistant']),
    parts: z.array(z.looseObject({ type: z.string() })),
  })
  .catchall(jsonValue());

/**
 * Events of chats, for a catalog: `defineEvents({ ...chatEvents, …your own })`. Clients publish `chat_request` and, to stop an
 * answer, `run_stop`; all others are the server's to publish.
 */
export const chatEvents = {
  ...runEvents,
  /** An answer is asked for. It has the whole chat, and is not stored. */
  chat_request: ephemeral(
    z.strictObject({
      /** Name of the run that is asked for: asked for again, it is the same run. */
      run_id: z.string().min(1).max(100),
      chat: id,
      trigger: z.enum(['submit-message', 'regenerate-message']),
      /** The message that the request names: the one that was edited, or that is to be answered again. */
      message: id.optional(),
      messages: z.array(message).min(1).max(10_000),
      /** Further fields, as `sendMessage` takes them. */
      body: z.record(z.string(), jsonValue()).optional(),
    }),
  ),
  /** The server's word to whoever asked: the run that answers, or why there is none. */
  chat_accepted: ephemeral(
    z.strictObject({
      /** `run_id` of the request. */
      request: z.string(),
      /** Id of the run that answers; none where the request was refused. */
      run: z.string().optional(),
      /** A place before the run's opening. */
      since: z.string().optional(),
      /** Why it was refused. */
      error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
    }),
  ),
  /** A text, or a reasoning, of an answer. */
  chat_text: textPart,
  /** The input of a tool call of an answer, as JSON that grows. */
  chat_tool_input: argsPart,
  /** Any other chunk of an answer. */
  chat_chunk: recordSchema,
};

type ChatEvents = typeof chatEvents;

/** The catalog of chats alone. */
export type ChatCatalog = CatalogOf<ChatEvents>;

/** Any catalog that has the events of chats: made by `defineEvents({ ...chatEvents, … })`. */
export type ChatsCatalog = AnyCatalog &
  Pick<Catalog<SchemasOf<ChatEvents>, OpensOf<ChatEvents>>, 'schemas' | 'opens'>;

/** A manager as chats use it. */
export type ChatManager = EventManager<ChatCatalog>;

/** A request, as a page makes it. */
export interface ChatRequest {
  run_id: string;
  chat: string;
  trigger: ChatInput['trigger'];
  message?: string | undefined;
  messages: UIMessage[];
  body?: object | undefined;
}

/** A manager, as chats use it. @throws EventsError INVALID_OPTION where its catalog lacks the events of chats */
export function chatManager<C extends ChatsCatalog>(manager: EventManager<C>): ChatManager {
  const lacking = Object.keys(chatEvents).find((name) => !manager.catalog.has(name));
  if (lacking !== undefined) {
    const message = `The catalog lacks ${lacking}: make it with defineEvents({ ...chatEvents, … }), of 'psyche-events/ai'.`;
    throw new EventsError('INVALID_OPTION', message);
  }
  return manager as object as ChatManager; // its catalog has these events, and more
}

/** The topic of a chat where none is named: `chat-<id>`. */
export function chatTopic(chat: string): string {
  return `chat-${chat}`;
}
