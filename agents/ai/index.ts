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
export { type ChatCatalog, type ChatsCatalog, chatEvents } from './log/chat-events.ts';
export { type ChatsPast, loadChat } from './log/load-chat.ts';
