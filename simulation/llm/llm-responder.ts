import { EventsError } from '../../shared/index.ts';
import { ResponderError, type ResponderFactory, type ResponseRequest } from '../agent/responder.ts';
import { type Clock, systemClock } from '../clock.ts';
import { promptFor } from './prompt.ts';

/** Tokens of an answer; the prompt asks for far fewer. */
const LONGEST_ANSWER_TOKENS = 400;

/** The model that speaks, and the time that it may be silent. */
export interface LlmOptions {
  /** Address of an OpenAI-compatible API, as a rule ending in `/v1`, e.g. `http://127.0.0.1:11434/v1` for Ollama. */
  baseUrl: string;
  /** As the endpoint calls it. */
  model: string;
  /** Default: none is sent. */
  apiKey?: string | undefined;
  /** Longest silence of the model, before its first word or between two, ms. Default 30 000. */
  timeoutMs?: number | undefined;
  /** Measures the timeout. Default: the time of this machine. */
  clock?: Clock | undefined;
}

/**
 * Agents that speak through a language model at any OpenAI-compatible endpoint. Nothing is asked of it yet: a model
 * that cannot be reached is a failed turn, and is tried again at the next, later and later.
 *
 * @throws EventsError INVALID_OPTION when the AI SDK is not installed, or `baseUrl` is no URL
 */
export async function llmResponder(options: LlmOptions): Promise<ResponderFactory> {
  const { baseUrl, model, apiKey } = options;
  if (!URL.canParse(baseUrl))
    throw new EventsError('INVALID_OPTION', 'The base URL of the language model is not a URL.');
  const { ai, provider } = await loadSdk();
  const chat = provider.createOpenAICompatible({
    name: 'llm',
    baseURL: baseUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  const speaker: Speaker = {
    ai,
    place: { model, origin: new URL(baseUrl).origin },
    // A model may think aloud before it speaks; that is not for the others.
    languageModel: ai.wrapLanguageModel({
      model: chat(model),
      middleware: ai.extractReasoningMiddleware({ tagName: 'think' }),
    }),
    timeoutMs: options.timeoutMs ?? 30_000,
    clock: options.clock ?? systemClock,
  };
  return () => ({ respond: (request) => speak(speaker, request) });
}

interface Speaker {
  readonly ai: Sdk['ai'];
  readonly place: ModelPlace;
  readonly languageModel: ReturnType<Sdk['ai']['wrapLanguageModel']>;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

async function* speak(speaker: Speaker, request: ResponseRequest): AsyncGenerator<string> {
  const { ai, place, languageModel: model } = speaker;
  const ended = new AbortController();
  const { fullStream } = ai.streamText({
    model,
    ...promptFor(request),
    maxOutputTokens: LONGEST_ANSWER_TOKENS,
    maxRetries: 0, // the simulation itself tries again
    abortSignal: AbortSignal.any([request.signal, ended.signal]),
    onError: () => {}, // the default writes to the console; errors come in the stream too
  });
  const parts = fullStream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value: part, done } = await beforeTimeout(parts.next(), speaker);
      if (done) return;
      if (part.type === 'text-delta') yield part.text;
      if (part.type === 'error') throw part.error;
    }
  } catch (error) {
    request.signal.throwIfAborted();
    throw asResponderError(error, place, ai);
  } finally {
    ended.abort();
  }
}

/** Only the time that the model lets us wait counts, not the time in which the simulation is paused. */
async function beforeTimeout<T>(next: Promise<T>, { clock, timeoutMs, place }: Speaker): Promise<T> {
  let cancel = (): void => {};
  const timeout = new Promise<never>((_, reject) => {
    cancel = clock.setTimer(() => {
      const message = `${place.model} at ${place.origin} said nothing for ${timeoutMs / 1000} s.`;
      reject(new ResponderError('timeout', message));
    }, timeoutMs);
  });
  try {
    return await Promise.race([next, timeout]);
  } finally {
    cancel();
  }
}

/** The model's address as viewers may see it: no path, no user, no password. */
export interface ModelPlace {
  readonly model: string;
  readonly origin: string;
}

/** Describes an error of the SDK in words for viewers; the endpoint's own words stay in `cause`, for the log. */
function asResponderError(error: unknown, { model, origin }: ModelPlace, ai: Sdk['ai']): ResponderError {
  if (error instanceof ResponderError) return error;
  if (!ai.APICallError.isInstance(error)) {
    return new ResponderError('failed', `The answer of ${model} at ${origin} broke off.`, { cause: error });
  }
  const { statusCode: status } = error;
  if (status === undefined) {
    return new ResponderError('unreachable', `The model at ${origin} cannot be reached.`, { cause: error });
  }
  if (status >= 400 && status < 500) {
    return new ResponderError('refused', `The model at ${origin} refused the request (${status}).`, {
      cause: error,
    });
  }
  return new ResponderError('failed', `The model at ${origin} failed (${status}).`, { cause: error });
}

/** The AI SDK: optional packages, loaded when a language model is asked for. */
export interface Sdk {
  ai: typeof import('ai');
  provider: typeof import('@ai-sdk/openai-compatible');
}

/** @throws EventsError INVALID_OPTION, saying what to install */
async function loadSdk(): Promise<Sdk> {
  try {
    const [ai, provider] = await Promise.all([import('ai'), import('@ai-sdk/openai-compatible')]);
    return { ai, provider };
  } catch (cause) {
    throw new EventsError(
      'INVALID_OPTION',
      'A language model needs two packages that are not installed: npm install ai @ai-sdk/openai-compatible',
      { cause },
    );
  }
}
