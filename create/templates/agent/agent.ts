import type { EventManager } from 'psyche-events/server';
import type { catalog } from './catalog.ts';
import { tokens } from './model.ts';

/**
 * Answers each message with a reply that grows token by token, until it is whole or somebody stops it. A page that is
 * reloaded in the midst of a reply, or opened late, shows it as it is then. If the agent dies, its reply is aborted. Where
 * several servers share a log, the one that took a message answers it, and a stop reaches the one that writes.
 */
export function runAgent(manager: EventManager<typeof catalog>): void {
  const writing = new Map<string, AbortController>();
  manager.addListener(({ data }) => writing.get(data.reply)?.abort(new Error('stopped by a reader')), {
    types: ['stop'],
  });

  manager.handle('message', async ({ data }) => {
    const reply = await manager.begin('reply', { text: '' });
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
