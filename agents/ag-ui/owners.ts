import type { BaseEvent } from '@ag-ui/core';
import { isRecord } from '../../shared/wire/shapes.ts';

/** Kinds of ids that have an owner. */
export type OwnedKind = 'message' | 'reasoning' | 'toolCall' | 'activity';

/** The id of the subagent that an event names, where it names one. */
export function subagentOf(event: BaseEvent): string | undefined {
  const { subagentRunId } = event as { subagentRunId?: unknown };
  return typeof subagentRunId === 'string' ? subagentRunId : undefined;
}

/** An event without its word of whose it is. */
function untagged(event: BaseEvent): BaseEvent {
  const { subagentRunId: _, ...rest } = event;
  return { ...rest, type: event.type };
}

/**
 * Owners of ids, as a viewer was told them: the agent itself, as undefined, or one of its subagents. AG-UI takes no event that
 * names another owner than the one who opened its message; an event that names none is always right.
 */
export class Owners {
  readonly #of: Readonly<Record<OwnedKind, Map<string, string | undefined>>> = {
    message: new Map(),
    reasoning: new Map(),
    toolCall: new Map(),
    activity: new Map(),
  };

  /** Tells if an id has an owner. */
  has(kind: OwnedKind, id: string): boolean {
    return this.#of[kind].has(id);
  }

  set(kind: OwnedKind, id: string, event: BaseEvent): void {
    this.#of[kind].set(id, subagentOf(event));
  }

  /** An event about an id, without its owner where that is another than the viewer was told. */
  agreeing(event: BaseEvent, kind: OwnedKind, id: string): BaseEvent {
    const owner = subagentOf(event);
    const owners = this.#of[kind];
    return owner === undefined || !owners.has(id) || owners.get(id) === owner ? event : untagged(event);
  }

  /** An event that opens an id: its owner is known from then on, unless it was before. */
  opening(event: BaseEvent, kind: OwnedKind, id: string): BaseEvent {
    const agreed = this.agreeing(event, kind, id);
    if (!this.has(kind, id)) this.set(kind, id, agreed);
    return agreed;
  }

  /** A tool call that is opened: it belongs to the owner of the message that carries it. */
  toolCall(event: BaseEvent, id: string): BaseEvent {
    const { parentMessageId: parent, ...rest } = event;
    if (typeof parent !== 'string' || !this.has('message', parent))
      return this.opening(event, 'toolCall', id);
    const agreed = this.agreeing(this.agreeing(event, 'message', parent), 'toolCall', id);
    const owner = this.#of.message.get(parent);
    const { toolCall } = this.#of;
    if (!toolCall.has(id)) toolCall.set(id, owner);
    if (toolCall.get(id) === owner) return agreed;
    return this.agreeing({ ...rest, type: event.type }, 'toolCall', id); // it was opened in another message
  }

  /** Messages that are told whole. @param anew they replace what was told before */
  seed(messages: unknown, anew: boolean): void {
    for (const message of Array.isArray(messages) ? messages : []) {
      if (!isRecord(message) || typeof message['id'] !== 'string') continue;
      const { id, role, subagentRunId, toolCalls } = message;
      const owner = typeof subagentRunId === 'string' ? subagentRunId : undefined;
      const kind = role === 'reasoning' || role === 'activity' ? role : 'message';
      if (anew || !this.has(kind, id)) this.#of[kind].set(id, owner);
      for (const call of Array.isArray(toolCalls) ? toolCalls : []) {
        if (!isRecord(call) || typeof call['id'] !== 'string') continue;
        if (anew || !this.has('toolCall', call['id'])) this.#of.toolCall.set(call['id'], owner);
      }
    }
  }
}
