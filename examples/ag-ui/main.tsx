/**
 * An AG-UI agent whose runs outlive the page: reload it in the midst of an answer or of a tool call, open it twice, stop the run
 * from either.
 *
 *   npx vite examples/ag-ui        this page, a server and an agent: see vite.config.ts beside it
 */
import type { Message } from '@ag-ui/core';
import { ResumableAgent } from 'psyche-events/ag-ui';
import { StrictMode, useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';

const agent = new ResumableAgent({ threadId: 'weather' });

/** The messages of the thread, and whether a run goes on: another object for each change. */
let shown: { readonly messages: readonly Message[]; readonly isRunning: boolean } = {
  messages: [],
  isRunning: false,
};
const watchers = new Set<() => void>();
const show = (changed: Partial<typeof shown>): void => {
  shown = { ...shown, ...changed };
  for (const watcher of watchers) watcher();
};
agent.subscribe({
  onMessagesChanged: ({ messages }) => show({ messages: [...messages] }),
  onRunStartedEvent: () => show({ isRunning: true }),
  onRunFinalized: () => show({ isRunning: false }),
});
// Whatever was said before, and the run that goes on: that of a page that is gone, or of another device.
void agent.connectAgent();

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function Row({ message }: { message: Message }) {
  const { role, content } = message;
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
  return (
    <li data-role={role}>
      {typeof content === 'string' && content}
      {calls.map(({ id, function: { name, arguments: args } }) => (
        <code key={id}>
          {name}({args})
        </code>
      ))}
    </li>
  );
}

function App() {
  const { messages, isRunning } = useSyncExternalStore(watch, () => shown);
  const ask = (form: FormData) => {
    agent.addMessage({ id: crypto.randomUUID(), role: 'user', content: String(form.get('text')) });
    void agent.runAgent();
  };
  return (
    <main>
      <ol>
        {messages.map((message) => (
          <Row key={message.id} message={message} />
        ))}
      </ol>
      <form action={ask}>
        <input name="text" aria-label="Question" />
        <button type="submit" disabled={isRunning}>
          Ask
        </button>
        <button type="button" disabled={!isRunning} onClick={() => agent.abortRun()}>
          Stop
        </button>
      </form>
    </main>
  );
}

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
