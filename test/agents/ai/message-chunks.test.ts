import type { UIMessage } from 'ai';
import { expect, test } from 'vitest';
import { chunksOf } from '../../../agents/ai/chunks/message-chunks.ts';
import { type Chunk, SDKS, shown } from './sdk.ts';

const providerMetadata = { maker: { cache: 'hit' } };
const call = { toolCallId: 'c1', toolName: 'search', title: 'Search' } as const;

/** Chunks of an answer with parts of many kinds, each finished. */
const ANSWER: readonly Chunk[] = [
  { type: 'start', messageId: 'm1', messageMetadata: { model: 'stand-in' } },
  { type: 'start-step' },
  { type: 'reasoning-start', id: 'r1' },
  { type: 'reasoning-delta', id: 'r1', delta: 'Hm.' },
  { type: 'reasoning-end', id: 'r1', providerMetadata },
  { type: 'text-start', id: 't1' },
  { type: 'text-delta', id: 't1', delta: 'Here ' },
  { type: 'text-delta', id: 't1', delta: 'it is.' },
  { type: 'text-end', id: 't1', providerMetadata },
  { type: 'source-url', sourceId: 's1', url: 'https://a.example', title: 'A' },
  { type: 'source-document', sourceId: 's2', mediaType: 'text/plain', title: 'B' },
  { type: 'file', url: 'data:text/plain,x', mediaType: 'text/plain' },
  { type: 'data-weather', id: 'w1', data: { sun: true } },
  { type: 'start-step' },
];

const START: Chunk = { type: 'tool-input-start', ...call };
const AVAILABLE: Chunk = {
  type: 'tool-input-available',
  ...call,
  input: { query: 'x', few: [1, 2] },
  providerMetadata,
};
const OUTPUT: Chunk = { type: 'tool-output-available', toolCallId: 'c1', output: { found: 1 } };
const ASKED: Chunk = { type: 'tool-approval-request', toolCallId: 'c1', approvalId: 'a1' };

/** Tool calls in each state that a message can have them in. */
const CALLS: Readonly<Record<string, readonly Chunk[]>> = {
  'its input is on the way': [
    START,
    { type: 'tool-input-delta', toolCallId: 'c1', inputTextDelta: '{"query":"x' },
  ],
  'its input is there': [AVAILABLE],
  'its input is a text': [{ ...AVAILABLE, input: 'x' } as Chunk, OUTPUT],
  'it is dynamic': [{ ...AVAILABLE, dynamic: true } as Chunk, OUTPUT],
  'its output is there': [AVAILABLE, { ...OUTPUT, providerMetadata } as Chunk],
  'its output is preliminary': [AVAILABLE, { ...OUTPUT, preliminary: true } as Chunk],
  'it was run by the provider': [{ ...AVAILABLE, providerExecuted: true } as Chunk, OUTPUT],
  'it has failed': [AVAILABLE, { type: 'tool-output-error', toolCallId: 'c1', errorText: 'down' }],
  'its input is none': [{ type: 'tool-input-error', ...call, input: 'none', errorText: 'no JSON' }],
  'its approval is asked for': [AVAILABLE, ASKED],
};

/** States that no chunk of version 6 leads to. */
const LATER: Readonly<Record<string, readonly Chunk[]>> = {
  'its approval is given': [
    AVAILABLE,
    ASKED,
    { type: 'tool-approval-response', approvalId: 'a1', approved: true },
  ],
  'it is denied': [
    AVAILABLE,
    ASKED,
    { type: 'tool-approval-response', approvalId: 'a1', approved: false, reason: 'no' },
    { type: 'tool-output-denied', toolCallId: 'c1' },
  ],
};

/** A message without what tells of its making: the text of an input, once the input is there. */
function withoutRaw(message: UIMessage | undefined) {
  return {
    ...message,
    parts: message?.parts.map((part) =>
      'rawInput' in part && part.state !== 'input-streaming' && part.input !== undefined
        ? { ...part, rawInput: undefined }
        : part,
    ),
  };
}

for (const [name, sdk] of SDKS) {
  const calls = name === 'ai 7' ? { ...CALLS, ...LATER } : CALLS;
  test.each(Object.entries(calls))(
    `${name}: the chunks of a message make it again: of a tool call, %s`,
    async (_, chunks) => {
      const { message } = await shown(sdk, [...ANSWER, ...chunks]);
      if (!message) throw new Error('no message');
      expect(message.parts.length).toBeGreaterThan(8); // the control: there are parts
      const again = await shown(sdk, chunksOf(message));
      expect(again.error).toBeUndefined();
      expect(withoutRaw(again.message)).toEqual(withoutRaw(message));
    },
  );
}

test('a tool call that has its output is not told as one to be run', async () => {
  const [, sdk] = SDKS[0] ?? [];
  if (!sdk) throw new Error('no SDK');
  const { message } = await shown(sdk, [...ANSWER, AVAILABLE, OUTPUT]);
  if (!message) throw new Error('no message');
  expect([...chunksOf(message)].map(({ type }) => type)).not.toContain('tool-input-available');
});

test('a part that a page has made up of a chunk is told to nobody; control: a file is', () => {
  const types = [
    'error',
    'abort',
    'finish',
    'text-delta',
    'text-end',
    'reasoning-end',
    'reset-step',
    'constructor',
  ];
  const file = { type: 'file', url: 'data:text/plain,x', mediaType: 'text/plain' } as const;
  const parts = [...types.map((type) => ({ type, id: 't', errorText: 'x' })), file] as UIMessage['parts'];
  expect([...chunksOf({ id: 'm1', role: 'assistant', parts })]).toEqual([
    { type: 'start', messageId: 'm1' },
    file,
  ]);
});
