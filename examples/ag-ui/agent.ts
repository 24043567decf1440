import { setTimeout as sleep } from 'node:timers/promises';
import { type BaseEvent, EventType } from '@ag-ui/core';
import type { AgUiHandler } from 'psyche-events/ag-ui';

/** Waits before each token. Ends with an error when the signal aborts. */
export type Pace = (signal: AbortSignal) => Promise<unknown>;

const steadily: Pace = (signal) => sleep(100, undefined, { signal });

/** An agent with a stand-in for a language model: it looks up the weather with a tool, and tells of it token by token. */
export function weatherAgent(pace: Pace = steadily): AgUiHandler {
  return async function* ({ messages, runId }, { signal }): AsyncGenerator<BaseEvent> {
    const question = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const toolCallId = `call-${runId}`;
    yield { type: EventType.TOOL_CALL_START, toolCallId, toolCallName: 'weather' };
    for (const delta of ['{"place":', ' "here"}']) {
      await pace(signal);
      yield { type: EventType.TOOL_CALL_ARGS, toolCallId, delta };
    }
    yield { type: EventType.TOOL_CALL_END, toolCallId };
    yield { type: EventType.TOOL_CALL_RESULT, toolCallId, messageId: `result-${runId}`, content: 'rain' };

    const messageId = `answer-${runId}`;
    const answer = `You ask: ${question} There is rain here, and it will not last.`;
    yield { type: EventType.TEXT_MESSAGE_START, messageId, role: 'assistant' };
    for (const delta of answer.split(/(?<= )/)) {
      await pace(signal);
      yield { type: EventType.TEXT_MESSAGE_CONTENT, messageId, delta };
    }
    yield { type: EventType.TEXT_MESSAGE_END, messageId };
  };
}
