/**
 * A chat of the AI SDK whose answers outlive the page: load it again in the midst of one, open it twice, stop it in the other.
 *
 *   npx vite examples/ai-chat        this page, a server and a stand-in for a model: see vite.config.ts beside it
 */

import { useChat } from '@ai-sdk/react';
import type { UIMessage } from 'ai';
import { EventsChatTransport, loadChat } from 'psyche-events/ai';
import { createClient } from 'psyche-events/client';
import { StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { catalog } from './catalog.ts';

const client = createClient({ catalog });
const transport = new EventsChatTransport({ client });
/** Pages with the same id are in the same chat. */
const id = new URLSearchParams(location.search).get('chat') ?? 'first';

function Chat({ loaded }: { loaded: UIMessage[] }) {
  const chat = useChat({ id, transport, messages: loaded, resume: true });
  const { messages, status, error, sendMessage, regenerate, stop } = chat;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what useChat returns is another object each time, of one chat
  useEffect(() => transport.keepUp(chat), [chat.id]); // what other pages send
  const isBusy = status === 'submitted' || status === 'streaming';
  return (
    <main>
      <ol>
        {messages.map(({ id, role, parts }) => (
          <li key={id} data-role={role}>
            {parts.map((part) => (part.type === 'text' ? part.text : ''))}
          </li>
        ))}
      </ol>
      <form action={(form) => void sendMessage({ text: String(form.get('text')) })}>
        <input name="text" aria-label="Message" />
        <button type="submit" disabled={isBusy}>
          Say
        </button>
        <button type="button" disabled={!isBusy} onClick={stop}>
          Stop
        </button>
        <button type="button" disabled={isBusy || messages.length === 0} onClick={() => regenerate()}>
          Again
        </button>
      </form>
      {error && <p role="alert">{error.message}</p>}
    </main>
  );
}

const loaded = await loadChat(client, id);
createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <Chat loaded={loaded} />
  </StrictMode>,
);
