import { type BaseEvent, EventType } from '@ag-ui/core';
import type { StreamGap } from '../../shared/stream-items.ts';
import type { Dialect, RunEnding, Sorted, ToldRun } from '../stream/dialect.ts';
import { AgUiGuard } from './ag-ui-guard.ts';
import { subagentOf } from './owners.ts';

/** `kind` of the runs that are AG-UI's. */
export const AG_UI = 'ag-ui';

/** Name of the CUSTOM event that says that events were missed. Its value is the gap: its places, the number of events, and why. */
export const GAP_EVENT = 'psyche-events.gap';

/** Code of the RUN_ERROR of a run whose server died, or whose end is not in the log any more. */
export const RUN_LOST = 'RUN_LOST';

/** Kinds of parts whose text grows: the events that open, grow and close one, its field of id, and the event that is stored. */
const PARTS = [
  {
    kind: 'text',
    id: 'messageId',
    opens: EventType.TEXT_MESSAGE_START,
    grows: EventType.TEXT_MESSAGE_CONTENT,
    closes: EventType.TEXT_MESSAGE_END,
    stored: 'agui_text',
  },
  {
    kind: 'reasoning',
    id: 'messageId',
    opens: EventType.REASONING_MESSAGE_START,
    grows: EventType.REASONING_MESSAGE_CONTENT,
    closes: EventType.REASONING_MESSAGE_END,
    stored: 'agui_text',
  },
  {
    kind: 'tool',
    id: 'toolCallId',
    opens: EventType.TOOL_CALL_START,
    grows: EventType.TOOL_CALL_ARGS,
    closes: EventType.TOOL_CALL_END,
    stored: 'agui_tool_call',
  },
] as const;

/** AG-UI's events, as they are stored and told. */
export class AgUiDialect implements Dialect<BaseEvent> {
  readonly kind = AG_UI;
  readonly record = 'agui_event';
  readonly grows = { agui_text: 'text', agui_tool_call: 'args' };
  readonly #threadId: string;

  constructor(threadId: string) {
    this.#threadId = threadId;
  }

  sort(event: BaseEvent): Sorted<BaseEvent> {
    const { type } = event;
    if (type === EventType.RUN_STARTED) return { is: 'starts' };
    if (type === EventType.RUN_FINISHED || type === EventType.RUN_ERROR) return { is: 'ends' };
    for (const { kind, id, opens, grows, closes, stored } of PARTS) {
      const part = `${kind}:${event[id]}`;
      if (type === opens) return { is: 'opens', part, type: stored };
      if (type === closes) return { is: 'closes', part, rest: hasMore(event) ? event : undefined };
      if (type !== grows) continue;
      const rest = hasMore(event) ? { ...event, delta: '' } : undefined;
      return { is: 'grows', part, text: String(event['delta']), rest };
    }
    return { is: 'else' };
  }

  reopening(start: BaseEvent): BaseEvent {
    const { metadata: _, rawEvent: _r, timestamp: _t, ...rest } = start; // a viewer may have later metadata
    return { ...rest, type: start.type };
  }

  delta(start: BaseEvent, text: string): BaseEvent {
    return { ...goingOn(start, 'grows'), delta: text };
  }

  closing(start: BaseEvent): BaseEvent {
    return goingOn(start, 'closes');
  }

  guard(): AgUiGuard {
    return new AgUiGuard();
  }

  started({ id }: ToldRun): BaseEvent[] {
    return [{ type: EventType.RUN_STARTED, threadId: this.#threadId, runId: id }];
  }

  ended({ id }: ToldRun, ending: RunEnding, said: BaseEvent | undefined, words: string): BaseEvent[] {
    const finished = { type: EventType.RUN_FINISHED, threadId: this.#threadId, runId: id };
    if (ending === 'done') return [said ?? finished];
    if (ending === 'stopped') return [{ ...finished, outcome: { type: 'cancelled' } }];
    const error = { type: EventType.RUN_ERROR, message: words };
    if (ending === 'failed') return [said?.type === EventType.RUN_ERROR ? said : error];
    const message = 'The run was lost: its server ended before it did, or its end is not kept any more.';
    return [{ ...error, message, code: RUN_LOST }];
  }

  gap(gap: StreamGap['data']): BaseEvent {
    return { type: EventType.CUSTOM, name: GAP_EVENT, value: gap };
  }
}

/** Tells if an event has more than its type, its id and a text: a log has a time of its own. */
function hasMore({ metadata, rawEvent }: BaseEvent): boolean {
  return metadata !== undefined || rawEvent !== undefined;
}

/** An event that goes on from the one that opened a part, as the same subagent's. */
function goingOn(start: BaseEvent, does: 'grows' | 'closes'): BaseEvent {
  const kind = PARTS.find(({ opens }) => opens === start.type);
  if (!kind) throw new TypeError(`${start.type} opens no text.`);
  const subagentRunId = subagentOf(start);
  return {
    type: kind[does],
    [kind.id]: start[kind.id],
    ...(subagentRunId !== undefined && { subagentRunId }),
  };
}
