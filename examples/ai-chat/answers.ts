import { convertToModelMessages, type LanguageModel, streamText } from 'ai';
import { chatRuns } from 'psyche-events/ai';
import type { EventManager } from 'psyche-events/server';
import type { catalog } from './catalog.ts';

/** Answers the chats of a server. Hand the signal to the model: then `stop()` on any page stops it. */
export function answerChats(manager: EventManager<typeof catalog>, model: LanguageModel): void {
  chatRuns(manager).serve(async ({ messages, signal }) => {
    const prompt = await convertToModelMessages(messages);
    return streamText({ model, messages: prompt, abortSignal: signal }).toUIMessageStream();
  });
}
