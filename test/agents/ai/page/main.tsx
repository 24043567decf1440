import { useChat } from '@ai-sdk/react';
import { lastAssistantMessageIsCompleteWithToolCalls, type UIMessage } from 'ai';
import { StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { type ChatCatalog, EventsChatTransport, loadChat } from '../../../../agents/ai/index.ts';
import { createClient } from '../../../../client/index.ts';

/** State that the tests read of the page, and calls that they make in it. */
export interface ChatPage {
  /** Messages, as they are shown. */
  shown: string[];
  status: string;
  error: string | undefined;
  /** Ends of answers: `done`, `abort` or `error`. */
  ends: string[];
  /** Data parts that came. */
  data: string[];
  ids: string[];
  chat: {
    sendMessage(message?: { text: string; messageId?: string }): Promise<void>;
    regenerate(): Promise<void>;
    stop(): Promise<void>;
    resumeStream(): Promise<void>;
    addToolOutput(output: { tool: string; toolCallId: string; output: unknown }): unknown;
  };
}

declare global {
  interface Window {
    chatPage: ChatPage;
  }
}

const params = new URLSearchParams(location.search);
const id = params.get('chat') ?? 'c';
const client = createClient<ChatCatalog>();
const transport = new EventsChatTransport({ client });
const ends: string[] = [];
const data: string[] = [];

function textOf({ role, parts }: UIMessage): string {
  const texts = parts.map((part) => {
    if (part.type === 'text') return part.text;
    if ('toolCallId' in part)
      return `[${part.type} ${part.state} ${JSON.stringify(part.input)} ${JSON.stringify(part.output)}]`;
    return '';
  });
  return `${role}: ${texts.join('')}`;
}

function Page({ messages: loaded }: { messages: UIMessage[] }) {
  const chat = useChat({
    id,
    transport,
    messages: loaded,
    resume: params.has('resume'),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
    onFinish: ({ isAbort, isError }) => void ends.push(isAbort ? 'abort' : isError ? 'error' : 'done'),
    onData: (part) => void data.push(`${part.type} ${JSON.stringify(part.data)}`),
    onToolCall: ({ toolCall: { toolName, toolCallId } }) => {
      if (params.has('here') && toolName === 'where')
        void chat.addToolOutput({ tool: 'where', toolCallId, output: params.get('here') });
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what useChat returns is another object each time, of one chat
  useEffect(() => (params.has('follow') ? transport.keepUp(chat) : undefined), [chat.id]);
  const { messages, status, error } = chat;
  window.chatPage = {
    shown: messages.map(textOf),
    ids: messages.map((message) => message.id),
    status,
    error: error?.message,
    ends,
    data,
    chat: chat as object as ChatPage['chat'],
  };
  return (
    <ol>
      {messages.map((message) => (
        <li key={message.id}>{textOf(message)}</li>
      ))}
    </ol>
  );
}

const messages = await loadChat(client, id);
const page = <Page messages={messages} />;
createRoot(document.body.appendChild(document.createElement('div'))).render(
  params.has('strict') ? <StrictMode>{page}</StrictMode> : page,
);
