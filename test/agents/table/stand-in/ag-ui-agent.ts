import { type BaseEvent, EventType } from '@ag-ui/core';
import { ask } from './ask.ts';
import { TOOL } from './script.ts';

/** The stand-in's reply as an agent of AG-UI gives it, without the events of its run. */
export async function* agUiAgent(
  model: string,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<BaseEvent> {
  let parts = 0;
  let id = '';
  for await (const { kind, piece, ends = false } of ask(model, signal)) {
    if (kind === 'result') {
      yield event({
        type: EventType.TOOL_CALL_RESULT,
        messageId: `${runId}-result`,
        toolCallId: id,
        content: piece,
      });
      id = '';
      continue;
    }
    if (id === '') {
      id = `${runId}-${parts++}`;
      yield kind === 'text'
        ? event({ type: EventType.TEXT_MESSAGE_START, messageId: id, role: 'assistant' })
        : event({ type: EventType.TOOL_CALL_START, toolCallId: id, toolCallName: TOOL });
    }
    yield kind === 'text'
      ? event({ type: EventType.TEXT_MESSAGE_CONTENT, messageId: id, delta: piece })
      : event({ type: EventType.TOOL_CALL_ARGS, toolCallId: id, delta: piece });
    if (!ends) continue;
    if (kind === 'text') {
      yield event({ type: EventType.TEXT_MESSAGE_END, messageId: id });
      id = '';
    } else yield event({ type: EventType.TOOL_CALL_END, toolCallId: id });
  }
}

/** Has the fields of its type; `BaseEvent`, which agents yield, knows those of all types alone. */
function event(fields: BaseEvent & Record<string, unknown>): BaseEvent {
  return fields;
}
