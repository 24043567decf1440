import { EventsError } from '../../shared/index.ts';
import type { ResponderFactory } from '../agent/responder.ts';

/** The variables that {@link responderFromEnv} reads. */
export const RESPONDER_VARIABLES: readonly string[] = ['LLM_BASE_URL', 'LLM_MODEL', 'LLM_API_KEY'];

/**
 * A language model if `LLM_BASE_URL` is set, with `LLM_MODEL` and, where needed, `LLM_API_KEY`; the written
 * conversation otherwise. An empty variable counts as not set. Only the one that speaks is loaded.
 *
 * @throws EventsError INVALID_OPTION when the model is not named, or cannot be used
 */
export async function responderFromEnv(
  env: Readonly<Record<string, string | undefined>>,
): Promise<ResponderFactory> {
  const baseUrl = env['LLM_BASE_URL'] || undefined;
  const model = env['LLM_MODEL'] || undefined;
  if (baseUrl === undefined) return (await import('../agent/scripted-responder.ts')).scriptedResponder;
  if (model === undefined) {
    throw new EventsError('INVALID_OPTION', 'LLM_BASE_URL is set, so LLM_MODEL must name a model.');
  }
  const { llmResponder } = await import('./llm-responder.ts');
  return llmResponder({ baseUrl, model, apiKey: env['LLM_API_KEY'] || undefined });
}
