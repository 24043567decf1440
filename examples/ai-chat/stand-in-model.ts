import { setTimeout as sleep } from 'node:timers/promises';
import type { LanguageModel } from 'ai';

type Model = Extract<LanguageModel, { specificationVersion: 'v3' }>;
type Part = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never;

/** Waits before each token. Ends with an error when the signal aborts. */
export type Pace = (signal: AbortSignal | undefined) => Promise<unknown>;

const USAGE = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

/** A stand-in for a language model, without a key: any model of the AI SDK goes in its place, such as `openai('…')`. */
export function standInModel(
  pace: Pace = (signal) => sleep(100, undefined, { ...(signal && { signal }) }),
): Model {
  async function* parts(prompt: string, signal: AbortSignal | undefined): AsyncGenerator<Part> {
    yield { type: 'stream-start', warnings: [] };
    yield { type: 'text-start', id: '0' };
    const answer = `You say: ${prompt} I have heard that before, and each time it began with the same words.`;
    for (const delta of answer.split(/(?<= )/)) {
      await pace(signal);
      yield { type: 'text-delta', id: '0', delta };
    }
    yield { type: 'text-end', id: '0' };
    yield { type: 'finish', finishReason: { unified: 'stop', raw: undefined }, usage: USAGE };
  }
  return {
    specificationVersion: 'v3',
    provider: 'example',
    modelId: 'stand-in',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('This model only streams.')),
    doStream: async ({ prompt, abortSignal }) => {
      const { content } = prompt.at(-1) ?? {};
      const [first] = Array.isArray(content) ? content : [];
      const said = first?.type === 'text' ? first.text : 'nothing.';
      const all = parts(said, abortSignal);
      const stream = new ReadableStream<Part>({
        async pull(controller) {
          const { done, value } = await all.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      });
      return { stream };
    },
  };
}
