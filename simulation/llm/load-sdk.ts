import { EventsError } from '../../shared/index.ts';

/** The AI SDK: optional packages, loaded when a language model is asked for. */
export interface Sdk {
  ai: typeof import('ai');
  provider: typeof import('@ai-sdk/openai-compatible');
}

/** @throws EventsError INVALID_OPTION, saying what to install */
export async function loadSdk(): Promise<Sdk> {
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
