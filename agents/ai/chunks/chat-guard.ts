import type { UIMessage, UIMessageChunk } from 'ai';
import type { Guard, ToldRun } from '../../stream/dialect.ts';
import { type ChatChunk, partOf } from './chat-chunk.ts';
import { inputOf } from './chat-input.ts';

/** Lets through what the SDK's reader takes of one run: of a text that the viewer saw begin, of a tool call that it knows. */
export class ChatGuard implements Guard<ChatChunk> {
  /** Name of an open part → the chunk that closes it. */
  readonly #open = new Map<string, UIMessageChunk | undefined>();
  /** Ids of known tool calls, and of approvals that were asked for. */
  readonly #calls = new Set<string>();
  /** Ids among them that the current step made known. */
  #ofStep: string[] = [];

  constructor({ input }: ToldRun) {
    // An answer that goes on has its tool calls already.
    for (const { parts } of inputOf(input)?.messages ?? []) for (const part of parts) this.#knowPart(part);
  }

  admit(chunk: ChatChunk): UIMessageChunk | undefined {
    switch (chunk.type) {
      case 'text-start':
        return this.#begin(chunk, { type: 'text-end', id: chunk.id });
      case 'reasoning-start':
        return this.#begin(chunk, { type: 'reasoning-end', id: chunk.id });
      case 'tool-input-start':
        this.#know(chunk.toolCallId);
        return this.#begin(chunk, undefined);
      case 'text-delta':
      case 'reasoning-delta':
      case 'tool-input-delta':
        return this.#open.has(partOf(chunk)) ? chunk : undefined;
      case 'text-end':
      case 'reasoning-end':
        return this.#open.delete(partOf(chunk)) ? chunk : undefined;
      case 'tool-input-end':
        this.#open.delete(partOf(chunk));
        return undefined;
      case 'tool-input-available':
      case 'tool-input-error':
        this.#know(chunk.toolCallId);
        return chunk;
      case 'tool-approval-request':
        if (this.#calls.has(chunk.toolCallId)) this.#know(chunk.approvalId);
        return this.#calls.has(chunk.toolCallId) ? chunk : undefined;
      case 'tool-approval-response':
        return this.#calls.has(chunk.approvalId) ? chunk : undefined;
      case 'tool-output-available':
      case 'tool-output-error':
      case 'tool-output-denied':
        return this.#calls.has(chunk.toolCallId) ? chunk : undefined;
      case 'start-step':
        this.#ofStep = [];
        return chunk;
      case 'reset-step':
        for (const id of this.#ofStep.splice(0)) this.#calls.delete(id);
        this.#open.clear();
        return chunk;
      case 'start':
      case 'finish':
      case 'abort':
      case 'error':
      case 'message-metadata':
      case 'finish-step':
      case 'source-url':
      case 'source-document':
      case 'file':
      case 'reasoning-file':
      case 'custom':
      case 'steering-message':
        return chunk; // of nothing that came before
      default:
        chunk.type satisfies `data-${string}`; // all others are named above: the compiler tells of a new one
        // The SDK writes a later state of a data part into the chunk, which may be an event that others have too.
        return { ...chunk };
    }
  }

  closings(): UIMessageChunk[] {
    const closings = [...this.#open.values()].filter((chunk) => chunk !== undefined);
    this.#open.clear();
    return closings;
  }

  #begin(chunk: UIMessageChunk, closing: UIMessageChunk | undefined): UIMessageChunk {
    this.#open.set(partOf(chunk), closing);
    return chunk;
  }

  #know(id: string): void {
    if (!this.#calls.has(id)) this.#ofStep.push(id);
    this.#calls.add(id);
  }

  #knowPart(part: UIMessage['parts'][number]): void {
    if (!('toolCallId' in part)) return;
    this.#calls.add(part.toolCallId);
    if (part.approval) this.#calls.add(part.approval.id);
  }
}
