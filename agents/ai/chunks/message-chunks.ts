import type { DynamicToolUIPart, ToolUIPart, UIMessage, UIMessageChunk } from 'ai';

type Part = UIMessage['parts'][number];
type ToolPart = ToolUIPart | DynamicToolUIPart;
type Chunks = Generator<UIMessageChunk, void, undefined>;

/**
 * Chunks that make up a message that there is already: a run that goes on with it is told from the message's beginning to
 * whoever starts from nothing.
 */
export function* chunksOf({ id, metadata, parts }: UIMessage): Chunks {
  yield { type: 'start', messageId: id, ...given({ messageMetadata: metadata }) };
  for (const [index, part] of parts.entries()) yield* chunksOfPart(part, `${id}/${index}`);
}

function* chunksOfPart(part: Part, ownId: string): Chunks {
  if (part.type === 'text' || part.type === 'reasoning') {
    const { type, text, state: _, ...more } = part;
    const id = 'id' in more ? more.id : ownId;
    yield { type: `${type}-start`, id };
    yield { type: `${type}-delta`, id, delta: text };
    yield { ...more, type: `${type}-end`, id };
  } else if (part.type === 'step-start') yield { type: 'start-step' };
  else if (isToolPart(part)) yield* chunksOfTool(part);
  else if (isChunk(part)) yield part;
}

/** Parts whose chunk is of the same form. */
const CHUNKS: ReadonlySet<string> = new Set([
  'file',
  'reasoning-file',
  'source-url',
  'source-document',
  'custom',
] satisfies Part['type'][]);

/** Tells if a part is a chunk as it is. A page may have written any type, also of a chunk that is no part. */
function isChunk(
  part: Part,
): part is Exclude<Part, ToolPart | { type: 'text' | 'reasoning' | 'step-start' }> {
  const { type } = part;
  return CHUNKS.has(type) || type.startsWith('data-');
}

function isToolPart(part: Part): part is ToolPart {
  return part.type === 'dynamic-tool' || part.type.startsWith('tool-');
}

/** Chunks of a tool call. `tool-input-available` has a page run its tool: so it is left out where that has happened. */
function* chunksOfTool(part: ToolPart): Chunks {
  const { toolCallId, state, input, approval, providerExecuted, title, toolMetadata } = part;
  const isDynamic = part.type === 'dynamic-tool';
  const call = {
    toolCallId,
    toolName: isDynamic ? part.toolName : part.type.slice('tool-'.length),
    ...(isDynamic && { dynamic: true }),
    ...given({ providerExecuted, title, toolMetadata, providerMetadata: part.callProviderMetadata }),
  };
  if (state === 'input-available') return yield { type: 'tool-input-available', ...call, input };
  const raw = 'rawInput' in part ? part.rawInput : undefined;
  const encoding = state === 'input-streaming' ? given({ inputEncoding: part.inputEncoding }) : {};
  yield { type: 'tool-input-start', ...call, ...encoding };
  const text = typeof raw === 'string' && state === 'input-streaming' ? raw : JSON.stringify(input);
  if (text) yield { type: 'tool-input-delta', toolCallId, inputTextDelta: text };
  if (approval) yield* chunksOfApproval(toolCallId, approval);
  const result = { toolCallId, ...given({ providerMetadata: resultMetadata(part) }) };
  if (state === 'output-available')
    yield {
      type: 'tool-output-available',
      ...result,
      output: part.output,
      ...given({ preliminary: part.preliminary }),
    };
  else if (state === 'output-denied') yield { type: 'tool-output-denied', toolCallId };
  else if (state === 'output-error') {
    const { errorText } = part;
    // Version 6 keeps an input that is none in another field.
    if (input === undefined && raw !== undefined)
      yield { type: 'tool-input-error', ...call, input: raw, errorText };
    else yield { type: 'tool-output-error', ...result, errorText };
  }
}

function* chunksOfApproval(toolCallId: string, approval: NonNullable<ToolPart['approval']>): Chunks {
  const {
    id: approvalId,
    approved,
    descriptor,
    inputSchemaInput,
    requestReason,
    isAutomatic,
    signature,
    reason,
  } = approval;
  yield {
    type: 'tool-approval-request',
    approvalId,
    toolCallId,
    ...given({
      approvalDescriptor: descriptor,
      inputSchemaInput,
      reason: requestReason,
      isAutomatic,
      signature,
    }),
  };
  if (approved !== undefined)
    yield { type: 'tool-approval-response', approvalId, approved, ...given({ reason }) };
}

function resultMetadata(part: ToolPart) {
  return 'resultProviderMetadata' in part ? part.resultProviderMetadata : undefined;
}

/** Fields that have a value. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const found = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
