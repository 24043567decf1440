import { convertToModelMessages, isStepCount, type ModelMessage, streamText, tool, type UIMessage } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import * as z from 'zod';
import { ask } from './ask.ts';
import { type Step, TOOL } from './script.ts';

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** The stand-in as a model for `streamText`, with its tool: what a route of the AI SDK's docs calls. */
export async function streamStandIn(model: string, messages: UIMessage[], abortSignal?: AbortSignal) {
  const prompt: ModelMessage[] = await convertToModelMessages(messages);
  const gone = new AbortController();
  const signal = abortSignal === undefined ? gone.signal : AbortSignal.any([abortSignal, gone.signal]);
  const steps = ask(model, signal);
  const next = async (): Promise<Step> => {
    const { value } = await steps.next();
    if (!value) throw new Error('the stand-in has no more');
    return value;
  };
  let phase = 0;
  return streamText({
    model: new MockLanguageModelV4({
      doStream: async () => ({ stream: phaseOf(phase++, next, () => gone.abort()) }),
    }),
    messages: prompt,
    tools: {
      [TOOL]: tool({
        inputSchema: z.object({ tea: z.string(), cups: z.number() }),
        execute: async () => (await next()).piece,
      }),
    },
    stopWhen: isStepCount(2),
    ...(abortSignal !== undefined && { abortSignal }),
  });
}

type Part =
  Awaited<ReturnType<MockLanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never;

/** One call of the model: up to the end of the tool's arguments, or the rest. @param leave called when nobody reads on */
function phaseOf(phase: number, next: () => Promise<Step>, leave: () => void): ReadableStream<Part> {
  const parts = partsOf(phase, next);
  return new ReadableStream<Part>({
    async pull(controller) {
      const { value, done } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: leave, // as a provider's request is cancelled
  });
}

async function* partsOf(phase: number, next: () => Promise<Step>): AsyncGenerator<Part, void, void> {
  yield { type: 'stream-start', warnings: [] };
  const text = `text-${phase}`;
  yield { type: 'text-start', id: text };
  for (let ended = false; !ended; ) {
    const { piece, ends = false } = await next();
    yield { type: 'text-delta', id: text, delta: piece };
    ended = ends;
  }
  yield { type: 'text-end', id: text };
  if (phase === 0) {
    const call = 'call-0';
    let input = '';
    yield { type: 'tool-input-start', id: call, toolName: TOOL };
    for (let ended = false; !ended; ) {
      const { piece, ends = false } = await next();
      input += piece;
      yield { type: 'tool-input-delta', id: call, delta: piece };
      ended = ends;
    }
    yield { type: 'tool-input-end', id: call };
    yield { type: 'tool-call', toolCallId: call, toolName: TOOL, input };
  }
  const unified = phase === 0 ? 'tool-calls' : 'stop';
  yield { type: 'finish', usage: USAGE, finishReason: { unified, raw: unified } };
}
