import { type BaseEvent, EventType } from '@ag-ui/core';
import { isRecord } from '../../shared/wire/shapes.ts';
import type { Guard } from '../stream/dialect.ts';
import { type OwnedKind, Owners, subagentOf } from './owners.ts';

/** Part of a thing's life that an event is: the thing, the field of its id, the kind of its owner, and what it does. */
type Bracket = readonly [thing: string, field: string, kind: OwnedKind, does: 'opens' | 'goes on' | 'closes'];

const BRACKETS: Partial<Record<EventType, Bracket>> = {
  [EventType.TEXT_MESSAGE_START]: ['text', 'messageId', 'message', 'opens'],
  [EventType.TEXT_MESSAGE_CONTENT]: ['text', 'messageId', 'message', 'goes on'],
  [EventType.TEXT_MESSAGE_END]: ['text', 'messageId', 'message', 'closes'],
  [EventType.REASONING_START]: ['span', 'messageId', 'reasoning', 'opens'],
  [EventType.REASONING_END]: ['span', 'messageId', 'reasoning', 'closes'],
  [EventType.REASONING_MESSAGE_START]: ['reasoning', 'messageId', 'reasoning', 'opens'],
  [EventType.REASONING_MESSAGE_CONTENT]: ['reasoning', 'messageId', 'reasoning', 'goes on'],
  [EventType.REASONING_MESSAGE_END]: ['reasoning', 'messageId', 'reasoning', 'closes'],
  [EventType.TOOL_CALL_START]: ['tool', 'toolCallId', 'toolCall', 'opens'],
  [EventType.TOOL_CALL_ARGS]: ['tool', 'toolCallId', 'toolCall', 'goes on'],
  [EventType.TOOL_CALL_END]: ['tool', 'toolCallId', 'toolCall', 'closes'],
};

/** The event that closes a thing. */
const CLOSING: Readonly<Record<string, EventType>> = {
  text: EventType.TEXT_MESSAGE_END,
  span: EventType.REASONING_END,
  reasoning: EventType.REASONING_MESSAGE_END,
  tool: EventType.TOOL_CALL_END,
};

/**
 * AG-UI's rules of a run, as its `verifyEvents` has them, for one viewer. An event that goes on from what the viewer was not
 * told is left out; one that names another owner than the viewer was told names none.
 */
export class AgUiGuard implements Guard<BaseEvent> {
  /** Things that are open, and the event that closes each. */
  readonly #open = new Map<string, BaseEvent>();
  readonly #owners = new Owners();
  /** Subagents that were started, also those that have finished. */
  readonly #subagents = new Set<string>();

  admit(event: BaseEvent): BaseEvent | undefined {
    const bracket = Object.hasOwn(BRACKETS, event.type) ? BRACKETS[event.type] : undefined; // a stored type is any text
    if (bracket) return this.#bracketed(event, bracket);
    const id = String(event['messageId']);
    switch (event.type) {
      case EventType.STEP_STARTED:
      case EventType.STEP_FINISHED:
        return this.#step(event);
      case EventType.SUBAGENT_STARTED:
      case EventType.SUBAGENT_FINISHED:
      case EventType.SUBAGENT_ERROR:
        return this.#subagent(event);
      case EventType.TOOL_CALL_RESULT:
        this.#owners.set('message', id, event);
        return event;
      case EventType.ACTIVITY_SNAPSHOT:
        if (event['replace'] !== false || !this.#owners.has('activity', id))
          this.#owners.set('activity', id, event);
        return event;
      case EventType.ACTIVITY_DELTA:
        return this.#owners.agreeing(event, 'activity', id);
      case EventType.REASONING_ENCRYPTED_VALUE:
        return this.#encrypted(event, String(event['entityId']));
      case EventType.MESSAGES_SNAPSHOT:
        this.#owners.seed(event['messages'], true);
        return event;
      case EventType.RUN_STARTED:
        this.#owners.seed(isRecord(event['input']) ? event['input']['messages'] : undefined, false);
        return event;
      default:
        return event;
    }
  }

  closings(): BaseEvent[] {
    const closings = [...this.#open.values()].reverse();
    this.#open.clear();
    return closings;
  }

  #bracketed(event: BaseEvent, [thing, field, kind, does]: Bracket): BaseEvent | undefined {
    const id = String(event[field]);
    const name = `${thing} ${id}`;
    if (this.#open.has(name) === (does === 'opens')) return undefined;
    if (does === 'closes') this.#open.delete(name);
    if (does !== 'opens') return this.#owners.agreeing(event, kind, id);
    this.#open.set(name, { type: CLOSING[thing] ?? event.type, [field]: id });
    return thing === 'tool' ? this.#owners.toolCall(event, id) : this.#owners.opening(event, kind, id);
  }

  #step(event: BaseEvent): BaseEvent | undefined {
    const { stepName } = event;
    const name = `step ${JSON.stringify([subagentOf(event) ?? null, stepName])}`;
    const isOpen = this.#open.has(name);
    if (event.type === EventType.STEP_FINISHED) return this.#open.delete(name) ? event : undefined;
    const { timestamp: _, metadata: _m, rawEvent: _r, ...step } = event;
    if (!isOpen) this.#open.set(name, { ...step, type: EventType.STEP_FINISHED });
    return isOpen ? undefined : event;
  }

  #subagent(event: BaseEvent): BaseEvent | undefined {
    const subagentRunId = subagentOf(event) ?? '';
    const name = `subagent ${subagentRunId}`;
    if (event.type !== EventType.SUBAGENT_STARTED) return this.#open.delete(name) ? event : undefined;
    if (this.#subagents.has(subagentRunId)) return undefined;
    const { parentSubagentRunId: parent, ...rest } = event;
    const isKnown = parent === undefined || this.#subagents.has(String(parent));
    this.#subagents.add(subagentRunId);
    this.#open.set(name, { type: EventType.SUBAGENT_FINISHED, subagentRunId });
    return isKnown ? event : { ...rest, type: event.type };
  }

  #encrypted(event: BaseEvent, id: string): BaseEvent {
    if (event['subtype'] === 'tool-call') return this.#owners.agreeing(event, 'toolCall', id);
    return this.#owners.agreeing(event, this.#owners.has('message', id) ? 'message' : 'reasoning', id);
  }
}
