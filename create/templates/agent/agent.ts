import type { EventsClient } from 'psyche-events/client';
import type { catalog } from './catalog.ts';
import { tokens } from './model.ts';

/**
 * Answers each message with a reply that grows token by token, until it is whole or somebody stops it. A page that is
 * reloaded in the midst of a reply, or opened late, shows it as it is then. If the agent dies, its reply is aborted.
 */
export function runAgent(client: EventsClient<typeof catalog>): void {
  const writing = new Map<string, AbortController>();
  client.on('stop', ({ data }) => writing.get(data.reply)?.abort(new Error('stopped by a reader')));

  client.on('message', async ({ data }) => {
    const reply = await client.begin('reply', { text: '' });
    const stopping = new AbortController();
    writing.set(reply.id, stopping);
    try {
      for await (const token of tokens(data.text, stopping.signal)) void reply.append(token);
      await reply.done();
    } catch {
      await reply.abort(stopping.signal.reason?.message ?? 'the model failed');
    } finally {
      writing.delete(reply.id);
    }
  });
}
