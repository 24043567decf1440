import { EventsError } from '../../shared/index.ts';
import type { ResponderFactory } from '../agent/responder.ts';
import { scriptedResponder } from '../agent/scripted-responder.ts';
import { llmResponder } from './llm-responder.ts';

/**
 * A language model if `LLM_BASE_URL` is set, with `LLM_MODEL` and, where needed, `LLM_API_KEY`; the written
 * conversation otherwise. An empty variable counts as not set.
 *
 * @throws EventsError INVALID_OPTION when the model is not named, or cannot be used
 */
export async function responderFromEnv(
  env: Readonly<Record<string, string | undefined>>,
): Promise<ResponderFactory> {
  const baseUrl = env['LLM_BASE_URL'] || undefined;
  const model = env['LLM_MODEL'] || undefined;
  if (baseUrl === undefined) return scriptedResponder;
  if (model === undefined) {
    throw new EventsError('INVALID_OPTION', 'LLM_BASE_URL is set, so LLM_MODEL must name a model.');
  }
  return llmResponder({ baseUrl, model, apiKey: env['LLM_API_KEY'] || undefined });
}
