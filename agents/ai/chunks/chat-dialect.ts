import type { Dialect, Sorted, ToldRun } from '../../stream/dialect.ts';
import { type ChatChunk, idOf, partOf } from './chat-chunk.ts';
import { ChatGuard } from './chat-guard.ts';
import { inputOf } from './chat-input.ts';

/** Words of an answer whose process is gone. */
export const LOST = 'The process that wrote this answer is gone: the answer is not complete.';

/** The words of the SDK's streams of chunks. */
export const chatDialect: Dialect<ChatChunk> = {
  kind: 'chat',
  record: 'chat_chunk',
  grows: { chat_text: 'text', chat_tool_input: 'args' },

  sort(chunk) {
    switch (chunk.type) {
      case 'start':
        return { is: 'starts' };
      case 'finish':
        return { is: 'ends' };
      case 'text-start':
      case 'reasoning-start':
        return { is: 'opens', part: partOf(chunk), type: 'chat_text' };
      case 'tool-input-start':
        return { is: 'opens', part: partOf(chunk), type: 'chat_tool_input' };
      case 'text-delta':
      case 'reasoning-delta': {
        const { type: _type, id: _id, delta, ...more } = chunk;
        return grows(partOf(chunk), delta, more, { ...chunk, delta: '' });
      }
      case 'tool-input-delta': {
        const { type: _type, toolCallId: _id, inputTextDelta, ...more } = chunk;
        return grows(partOf(chunk), inputTextDelta, more, { ...chunk, inputTextDelta: '' });
      }
      case 'text-end':
      case 'reasoning-end': {
        const { type: _type, id: _id, ...more } = chunk;
        return { is: 'closes', part: partOf(chunk), ...(hasFields(more) && { rest: chunk }) };
      }
      case 'tool-input-end':
        return { is: 'closes', part: partOf(chunk) };
      default:
        return { is: 'else' };
    }
  },

  reopening: (start) => start,

  delta(start, text) {
    if (start.type === 'tool-input-start')
      return { type: 'tool-input-delta', toolCallId: start.toolCallId, inputTextDelta: text };
    if (start.type === 'reasoning-start') return { type: 'reasoning-delta', id: start.id, delta: text };
    return { type: 'text-delta', id: idOf(start), delta: text };
  },

  closing(start) {
    if (start.type === 'tool-input-start') return { type: 'tool-input-end', toolCallId: start.toolCallId };
    if (start.type === 'reasoning-start') return { type: 'reasoning-end', id: start.id };
    return { type: 'text-end', id: idOf(start) };
  },

  guard: (run) => new ChatGuard(run),

  started: (run) => [{ type: 'start', messageId: answerOf(run) }],

  ended(_run, ending, said, words) {
    if (ending === 'stopped') return [{ type: 'abort', ...(words !== '' && { reason: words }) }];
    if (ending === 'failed') return [{ type: 'error', errorText: words }];
    if (ending === 'lost') return [{ type: 'error', errorText: LOST }];
    return said ? [said] : [];
  },

  gap: ({ reason, lost }) => ({ type: 'data-gap', transient: true, data: { reason, lost } }),
};

/** Id of the message that a run writes. A new one has the id of its run, so that it is known where the opening is not. */
export function answerOf({ id, input }: ToldRun): string {
  return inputOf(input)?.answer ?? id;
}

function grows(part: string, text: string, more: object, rest: ChatChunk): Sorted<ChatChunk> {
  return { is: 'grows', part, text, ...(hasFields(more) && { rest }) };
}

/** Tells if fields have values: what is undefined is not written. */
function hasFields(fields: object): boolean {
  return Object.values(fields).some((value) => value !== undefined);
}
