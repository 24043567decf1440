import { EventsError } from '../../shared/index.ts';
import { ResponderError, type ResponderFactory, type ResponseRequest } from '../agent/responder.ts';
import { type Clock, systemClock } from '../clock.ts';
import { promptFor } from './prompt.ts';
import type { Sdk } from './sdk.ts';

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
 * @throws EventsError INVALID_OPTION when the AI SDK is not installed, or `baseUrl` is no URL of HTTP
 */
export async function llmResponder(options: LlmOptions): Promise<ResponderFactory> {
  // `localhost:11434/v1` is a URL too, whose scheme is `localhost:`.
  if (!URL.canParse(options.baseUrl) || !/^https?:$/.test(new URL(options.baseUrl).protocol)) {
    throw new EventsError(
      'INVALID_OPTION',
      'The base URL of the language model (LLM_BASE_URL) must be a URL that begins with http:// or https://, such as http://127.0.0.1:11434/v1.',
    );
  }
  return responderOf(await loadSdk(), options);
}

/** {@link llmResponder} with an AI SDK that is loaded already. */
export function responderOf<Model, Middleware, Wrapped>(
  { ai, provider }: Sdk<Model, Middleware, Wrapped>,
  { baseUrl, model, apiKey, timeoutMs = 30_000, clock = systemClock }: LlmOptions,
): ResponderFactory {
  const chat = provider.createOpenAICompatible({
    name: 'llm',
    baseURL: baseUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  const speaker: Speaker<Wrapped> = {
    ai,
    place: { model, origin: new URL(baseUrl).origin },
    // A model may think aloud before it speaks; that is not for the others.
    languageModel: ai.wrapLanguageModel({
      model: chat(model),
      middleware: ai.extractReasoningMiddleware({ tagName: 'think' }),
    }),
    timeoutMs,
    clock,
  };
  return () => ({ respond: (request) => speak(speaker, request) });
}

interface Speaker<Wrapped> {
  readonly ai: Pick<Sdk<unknown, unknown, Wrapped>['ai'], 'streamText' | 'APICallError'>;
  readonly place: ModelPlace;
  readonly languageModel: Wrapped;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

async function* speak<Wrapped>(speaker: Speaker<Wrapped>, request: ResponseRequest): AsyncGenerator<string> {
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
      if (part.type === 'text-delta' && part.text !== undefined) yield part.text;
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
async function beforeTimeout<T>(
  next: Promise<T>,
  { clock, timeoutMs, place }: Pick<Speaker<unknown>, 'clock' | 'timeoutMs' | 'place'>,
): Promise<T> {
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

/** HTTP's status of an answer that began. */
const OK = 200;

/** Describes an error of the SDK in words for viewers; the endpoint's own words stay in `cause`, for the log. */
function asResponderError(
  error: unknown,
  { model, origin }: ModelPlace,
  { APICallError }: Speaker<unknown>['ai'],
): ResponderError {
  if (error instanceof ResponderError) return error;
  const fail = (reason: ResponderError['reason'], message: string): ResponderError =>
    new ResponderError(reason, message, { cause: error });
  const status = APICallError.isInstance(error) ? error.statusCode : OK;
  if (status === undefined) return fail('unreachable', `The model at ${origin} cannot be reached.`);
  if (status < 400) return fail('failed', `The answer of ${model} at ${origin} broke off.`);
  if (status < 500) return fail('refused', `The model at ${origin} refused the request (${status}).`);
  return fail('failed', `The model at ${origin} failed (${status}).`);
}

/** The optional packages, loaded when a language model is asked for. @throws EventsError INVALID_OPTION, saying what to install */
async function loadSdk() {
  try {
    const [ai, provider] = await Promise.all([import('ai'), import('@ai-sdk/openai-compatible')]);
    return { ai, provider };
  } catch (cause) {
    throw new EventsError(
      'INVALID_OPTION',
      'A language model needs two packages that are not installed: npm install ai @ai-sdk/openai-compatible, or on Node 20: npm install ai@6 @ai-sdk/openai-compatible@2',
      { cause },
    );
  }
}
