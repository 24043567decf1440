import { setTimeout as sleep } from 'node:timers/promises';
import type { EventsClient } from 'psyche-events/client';
import type { catalog } from './catalog.ts';

/** Waits before each token. Ends with an error when the signal aborts. */
export type Pace = (signal: AbortSignal) => Promise<unknown>;

/** A stand-in for a language model: any async iterator of texts will do, such as `textStream` of the AI SDK. */
async function* tokens(prompt: string, pace: Pace, signal: AbortSignal): AsyncGenerator<string> {
  const answer = `You say: ${prompt} I have heard that before, and each time it began with the same words.`;
  for (const token of answer.split(/(?<= )/)) {
    await pace(signal);
    yield token;
  }
}

/** Answers each message with a reply that grows token by token, until it is whole or somebody stops it. */
export function runAssistant(
  client: EventsClient<typeof catalog>,
  pace: Pace = (signal) => sleep(100, undefined, { signal }),
): void {
  const writing = new Map<string, AbortController>();
  client.on('stop', ({ data }) => writing.get(data.reply)?.abort(new Error('stopped by a reader')));

  client.on('message', async ({ data }) => {
    const reply = await client.begin('reply', { text: '' });
    const stopping = new AbortController();
    writing.set(reply.id, stopping);
    try {
      for await (const token of tokens(data.text, pace, stopping.signal)) void reply.append(token);
      await reply.done();
    } catch {
      await reply.abort(stopping.signal.reason?.message ?? 'the model failed');
    } finally {
      writing.delete(reply.id);
    }
  });
}
