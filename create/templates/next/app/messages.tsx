'use client';

import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import { transformer } from 'psyche-events';
import { useEffect, useState } from 'react';
import type { AppRouter } from '../router.ts';

/** tRPC's own client. It resumes after the last event that it has seen, by itself. */
const trpc = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: ({ type }) => type === 'subscription',
      true: httpSubscriptionLink({ url: '/trpc', transformer }),
      false: httpBatchLink({ url: '/trpc', transformer }),
    }),
  ],
});

/** The last 50 messages, and each new one; the key of a message is its place in the log. */
function useMessages() {
  const [messages, setMessages] = useState<{ key: string; text: string; at: Date }[]>([]);
  useEffect(() => {
    const subscription = trpc.events.on.message.subscribe(
      { since: { last: 50 } },
      {
        onData({ id, data }) {
          // Others: stream_synced, when all that was before has come, and stream_gap, when some is missing
          if (data.event_type === 'message')
            setMessages((all) => [...all.slice(-49), { key: id, ...data.data }]);
        },
      },
    );
    return () => {
      subscription.unsubscribe();
      setMessages([]);
    };
  }, []);
  return messages;
}

export function Messages() {
  const messages = useMessages();
  const say = async (form: FormData) => {
    await trpc.events.publish.message.mutate({ data: { text: String(form.get('text')), at: new Date() } });
  };
  return (
    <main>
      <ol>
        {messages.map(({ key, text, at }) => (
          <li key={key}>
            {text} <time>{at.toLocaleTimeString()}</time>
          </li>
        ))}
      </ol>
      <form action={say}>
        <input name="text" aria-label="Message" required />
        <button type="submit">Say</button>
      </form>
    </main>
  );
}
