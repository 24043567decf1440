import { expect, test } from 'vitest';
import { asked, chatWorld, viewed } from './chat-world.ts';
import { type Chunk, SDKS, shown } from './sdk.ts';

const providerMetadata = { maker: { cache: 'hit' } };
const call = { toolCallId: 'c1', toolName: 'search' };

/** Streams that have each type of chunk in them, with all the fields that the type may have. */
const STREAMS: Readonly<Record<string, readonly Chunk[]>> = {
  'a text': [
    { type: 'start', messageMetadata: { model: 'stand-in' } },
    { type: 'start-step' },
    { type: 'text-start', id: '0', providerMetadata },
    { type: 'text-delta', id: '0', delta: 'Hello, ' },
    { type: 'text-delta', id: '0', delta: 'Ada', providerMetadata: { maker: { cache: 'miss' } } },
    { type: 'text-end', id: '0', providerMetadata, citations: [] },
    { type: 'finish-step' },
    { type: 'finish', finishReason: 'stop', messageMetadata: { tokens: 3 } },
  ],
  'texts of one id, one after the other': [
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'one' },
    { type: 'text-end', id: '0' },
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'two' },
    { type: 'text-end', id: '0' },
  ],
  'a text within a reasoning': [
    { type: 'reasoning-start', id: '0', providerMetadata },
    { type: 'reasoning-delta', id: '0', delta: 'Hm.' },
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'Hello' },
    { type: 'reasoning-delta', id: '0', delta: ' Yes.', providerMetadata },
    { type: 'reasoning-end', id: '0', providerMetadata },
    { type: 'text-end', id: '0' },
  ],
  'a tool call': [
    { type: 'start' },
    { type: 'start-step' },
    { type: 'tool-input-start', ...call, title: 'Search', providerMetadata, toolMetadata: { a: 1 } },
    { type: 'tool-input-delta', toolCallId: 'c1', inputTextDelta: '{"query":' },
    { type: 'tool-input-delta', toolCallId: 'c1', inputTextDelta: '"x"}' },
    { type: 'tool-input-available', ...call, input: { query: 'x' }, providerMetadata },
    { type: 'tool-output-available', toolCallId: 'c1', output: { found: 0 }, preliminary: true },
    { type: 'tool-output-available', toolCallId: 'c1', output: { found: 1 }, providerMetadata },
    { type: 'finish-step' },
    { type: 'start-step' },
    { type: 'tool-input-available', toolCallId: 'c2', toolName: 'ask', input: {}, dynamic: true },
    { type: 'tool-output-error', toolCallId: 'c2', errorText: 'down' },
    { type: 'tool-input-start', toolCallId: 'c3', toolName: 'ask', dynamic: true },
    { type: 'tool-input-delta', toolCallId: 'c3', inputTextDelta: '{"no' },
    {
      type: 'tool-input-error',
      toolCallId: 'c3',
      toolName: 'ask',
      input: '{"no',
      errorText: 'no JSON',
      dynamic: true,
    },
    { type: 'finish-step' },
    { type: 'finish', finishReason: 'tool-calls' },
  ],
  'an approval': [
    { type: 'tool-input-available', ...call, input: { query: 'x' } },
    { type: 'tool-approval-request', toolCallId: 'c1', approvalId: 'a1', signature: 's' },
    { type: 'tool-output-denied', toolCallId: 'c1' },
  ],
  'sources, files and data': [
    { type: 'source-url', sourceId: 's1', url: 'https://a.example', title: 'A', providerMetadata },
    { type: 'source-document', sourceId: 's2', mediaType: 'text/plain', title: 'B', filename: 'b.txt' },
    { type: 'file', url: 'data:text/plain,x', mediaType: 'text/plain', providerMetadata },
    { type: 'data-weather', id: 'w1', data: { sun: false } },
    { type: 'data-weather', id: 'w1', data: { sun: true } },
    { type: 'data-note', data: ['x'], transient: true },
    { type: 'message-metadata', messageMetadata: { model: 'stand-in' } },
  ],
  'the words of an error': [
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'Hel' },
    { type: 'text-end', id: '0' },
    { type: 'error', errorText: 'the model is down' },
  ],
  'an end that is none': [
    { type: 'text-start', id: '0' },
    { type: 'text-end', id: '0' },
    { type: 'abort', reason: 'own' },
  ],
};

/** Streams with types that version 6 does not have. */
const LATER: Readonly<Record<string, readonly Chunk[]>> = {
  'an approval that is answered': [
    { type: 'tool-input-available', ...call, input: { query: 'x' } },
    { type: 'tool-approval-request', toolCallId: 'c1', approvalId: 'a1', reason: 'r', isAutomatic: true },
    { type: 'tool-approval-response', approvalId: 'a1', approved: true, providerMetadata },
    { type: 'tool-output-available', toolCallId: 'c1', output: 1 },
  ],
  'a step that is taken back': [
    { type: 'start-step' },
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'kept' },
    { type: 'text-end', id: '0' },
    { type: 'start-step' },
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'taken back' },
    { type: 'tool-input-start', ...call },
    { type: 'tool-input-delta', toolCallId: 'c1', inputTextDelta: '{"' },
    { type: 'reset-step' },
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'anew' },
    { type: 'text-end', id: '0' },
  ],
  'further parts': [
    { type: 'custom', kind: 'maker.thing', providerMetadata },
    { type: 'reasoning-file', url: 'data:text/plain,x', mediaType: 'text/plain' },
    { type: 'steering-message', id: 'm2', parts: [{ type: 'text', text: 'Faster.' }] },
  ],
};

/** Texts of the types of all chunks in them. */
function typesIn(streams: Readonly<Record<string, readonly Chunk[]>>): Set<string> {
  return new Set(
    Object.values(streams).flatMap((chunks) => chunks.map(({ type }) => type.replace(/^data-.*/, 'data'))),
  );
}

test('control: the streams have all types of chunks', () => {
  expect(typesIn({ ...STREAMS, ...LATER }).size).toBe(30);
});

for (const [name, sdk] of SDKS) {
  const streams = name === 'ai 7' ? { ...STREAMS, ...LATER } : STREAMS;
  test.each(Object.entries(streams))(
    `${name}: viewers see %s as whoever reads the handler’s stream`,
    async (_, chunks) => {
      let release = (): void => {};
      const half = Math.floor(chunks.length / 2);
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await using world = chatWorld(async function* () {
        yield* chunks.slice(0, half);
        await held;
        yield* chunks.slice(half);
      } as never);
      const run = await world.ask([asked('u1')]);
      const first = shown(sdk, viewed(world, run));
      const late = shown(sdk, viewed(world, run));
      release();
      const direct = await shown(sdk, withId(chunks, run));
      expect(await first).toEqual(direct);
      expect(await late).toEqual(direct);
      // Whoever reads the log.
      expect(await shown(sdk, viewed(world, run))).toEqual(direct);
      expect(direct.message?.parts.length).toBeGreaterThan(0); // the control
    },
  );
}

/** A handler's chunks, with the id that answers have. */
function withId(chunks: readonly Chunk[], messageId: string): Chunk[] {
  const [first, ...rest] = chunks;
  return first?.type === 'start'
    ? [{ ...first, messageId }, ...rest]
    : [{ type: 'start', messageId }, ...chunks];
}
