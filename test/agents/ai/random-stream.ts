import * as fc from 'fast-check';
import type { Chunk } from './sdk.ts';

/** A step of a random stream: an operation, the open part that it is about, and a text. */
interface Op {
  op: number;
  pick: number;
  text: string;
}

const OPS: fc.Arbitrary<Op[]> = fc.array(
  fc.record({
    op: fc.nat(11),
    pick: fc.nat(5),
    text: fc.string({
      unit: fc.constantFrom('a', 'b', ' ', '"', '{', '\n', '\u{1f600}', 'ö'),
      maxLength: 12,
    }),
  }),
  { maxLength: 40 },
);

/** Chunks of a stream that the SDK's reader takes. Parts that are left open at its end are closed. */
function streamOf(ops: readonly Op[]): Chunk[] {
  const chunks: Chunk[] = [{ type: 'start' }];
  const texts: { kind: 'text' | 'reasoning'; id: string }[] = [];
  const inputs: string[] = [];
  const calls: string[] = [];
  let made = 0;
  const at = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)];
  const end = ({ kind, id }: (typeof texts)[number], metadata: boolean): Chunk => {
    const more = metadata ? { providerMetadata: { maker: { id } } } : {};
    return kind === 'text' ? { type: 'text-end', id, ...more } : { type: 'reasoning-end', id, ...more };
  };
  for (const { op, pick, text } of ops) {
    const open = at(texts, pick);
    const input = at(inputs, pick);
    const called = at(calls, pick);
    const id = String(made++ % 7);
    if (op <= 1 && !texts.some((each) => each.id === id)) {
      const kind = op === 0 ? 'text' : 'reasoning';
      texts.push({ kind, id });
      chunks.push(kind === 'text' ? { type: 'text-start', id } : { type: 'reasoning-start', id });
    } else if (op <= 5 && open) {
      const { kind } = open;
      const more = { id: open.id, delta: text, ...(op === 5 && { providerMetadata: { maker: { text } } }) };
      chunks.push(kind === 'text' ? { type: 'text-delta', ...more } : { type: 'reasoning-delta', ...more });
    } else if (op === 6 && open) {
      texts.splice(texts.indexOf(open), 1);
      chunks.push(end(open, pick % 2 === 0));
    } else if (op === 7) {
      inputs.push(`c${made}`);
      chunks.push({ type: 'tool-input-start', toolCallId: `c${made}`, toolName: 'search' });
    } else if (op === 8 && input)
      chunks.push({ type: 'tool-input-delta', toolCallId: input, inputTextDelta: text });
    else if (op === 9 && input) {
      inputs.splice(inputs.indexOf(input), 1);
      calls.push(input);
      chunks.push({ type: 'tool-input-available', toolCallId: input, toolName: 'search', input: { text } });
    } else if (op === 10 && called)
      chunks.push({ type: 'tool-output-available', toolCallId: called, output: text });
    else if (op === 11)
      chunks.push(
        pick % 2
          ? { type: 'data-note', id: `n${pick}`, data: text }
          : { type: 'source-url', sourceId: id, url: text },
      );
  }
  for (const open of texts) chunks.push(end(open, false));
  for (const toolCallId of inputs)
    chunks.push({ type: 'tool-input-available', toolCallId, toolName: 'search', input: null });
  return [...chunks, { type: 'finish', finishReason: 'stop' }];
}

/** Random streams of chunks: texts, reasonings and inputs of tools that are open at the same time, and records between them. */
export const STREAMS: fc.Arbitrary<Chunk[]> = OPS.map(streamOf);
