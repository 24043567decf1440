export { type ChatCatalog, type ChatsCatalog, chatEvents } from './chat-events.ts';
export {
  type ChatHandler,
  type ChatRuns,
  type ChatRunsOptions,
  type ChatTurn,
  chatRuns,
} from './chat-runs.ts';
export { type ChatsClient, type ChatTransportOptions, EventsChatTransport } from './chat-transport.ts';
export type { HandlerStream } from './chunks/handler-stream.ts';
export type { KeptUpChat } from './keep-up.ts';
export { type ChatsPast, loadChat } from './load-chat.ts';
