import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A stand-in for a language model, which needs no key. Any async iterable of texts will do in its place, such as
 * `streamText({ model, prompt, abortSignal: signal }).textStream` of the AI SDK.
 */
export async function* tokens(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  const answer = `You say: ${prompt} I have heard that before, and each time it began with the same words.`;
  for (const token of answer.split(/(?<= )/)) {
    await sleep(80, undefined, { signal });
    yield token;
  }
}
