import type { UIMessageChunk } from 'ai';

/** The end of a tool call's input, without the input: the SDK has no such chunk, so no viewer is told it. */
export interface ToolInputEnd {
  type: 'tool-input-end';
  toolCallId: string;
}

/** A chunk as it is written. */
export type ChatChunk = UIMessageChunk | ToolInputEnd;

/** One name of the part that a chunk is of. */
export function partOf(chunk: ChatChunk): string {
  const [word = ''] = chunk.type.split('-', 1);
  return `${word}:${'toolCallId' in chunk ? chunk.toolCallId : idOf(chunk)}`;
}

/** Id of the text that a chunk is of. */
export function idOf(chunk: ChatChunk): string {
  return 'id' in chunk && chunk.id !== undefined ? chunk.id : '';
}
