import * as four from '@ai-sdk/react';
import type { ChatTransport, UIMessage } from 'ai';
import * as three from 'ai-sdk-react-3';
import { describe, expect, test } from 'vitest';
import { type ChatHandler, chatRuns, EventsChatTransport, loadChat } from '../../../agents/ai/index.ts';
import { createClient } from '../../../client/index.ts';
import { startTestServer } from '../../client/test-server.ts';
import { HASTY } from '../../support/hasty-clock.ts';
import { asked, chatCatalog, topic } from './chat-world.ts';

/** A server whose chats a handler answers, and a transport to it. */
async function served(handler: ChatHandler | undefined, { clock }: { clock?: typeof HASTY } = {}) {
  const server = await startTestServer({ catalog: chatCatalog });
  if (handler) chatRuns(server.manager, { onError: String }).serve(handler);
  const client = createClient({ url: server.wsUrl, catalog: chatCatalog });
  const transport = new EventsChatTransport({ client, ...(clock && { clock }) });
  return {
    ...server,
    client,
    transport,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const send = (messages: UIMessage[], abortSignal?: AbortSignal) => ({
  chatId: 'c',
  trigger: 'submit-message' as const,
  messageId: undefined,
  messages,
  abortSignal,
});

async function drained<T>(stream: ReadableStream<T>): Promise<T[]> {
  const chunks: T[] = [];
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
  return chunks;
}

test('a request that nobody takes fails, after some tries', async () => {
  await using world = await served(undefined, { clock: HASTY });
  const requests: string[] = [];
  world.manager.handle('chat_request', ({ data }) => requests.push(data.run_id));
  await expect(world.transport.sendMessages(send([asked('u1')]))).rejects.toThrow(
    `Nobody answers chats in topic ${topic}: the server that was asked has to call chatRuns(manager).serve(…).`,
  );
  expect(requests.length).toBeGreaterThan(1);
  expect(new Set(requests).size).toBe(1);
});

test('a request that is aborted before it is taken is stopped once it is', async () => {
  let signal: AbortSignal | undefined;
  const stopping = new AbortController();
  await using world = await served(async function* (turn) {
    signal = turn.signal;
    await new Promise<void>((resolve) => turn.signal.addEventListener('abort', () => resolve()));
    yield { type: 'finish' };
  });
  const sent = world.transport.sendMessages(send([asked('u1')], stopping.signal));
  stopping.abort(new Error('enough'));
  await expect(sent).rejects.toThrow('enough');
  await expect.poll(() => String(signal?.reason)).toMatch('Stopped');
});

test('a page that comes after an answer has failed is told of it, until another is asked for', async () => {
  let fails = true;
  await using world = await served(async function* () {
    yield { type: 'text-start', id: '0' };
    yield { type: 'text-delta', id: '0', delta: 'Well' };
    if (fails) throw new Error('no more tokens');
  });
  const told = async () => {
    const stream = await world.transport.reconnectToStream({ chatId: 'c' });
    return stream && drained(stream);
  };
  expect(await told()).toBeNull();
  await drained(await world.transport.sendMessages(send([asked('u1')])));
  expect(await told()).toEqual([{ type: 'error', errorText: 'Error: no more tokens' }]);
  fails = false;
  await drained(await world.transport.sendMessages(send([asked('u2')])));
  expect(await told()).toBeNull();
});

test('a reader that has enough stops nothing; a signal does', async () => {
  const signals: AbortSignal[] = [];
  await using world = await served(async function* ({ signal }) {
    signals.push(signal);
    yield { type: 'text-start', id: '0' };
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  const stream = await world.transport.sendMessages(send([asked('u1')]));
  const reader = stream.getReader();
  expect((await reader.read()).value).toMatchObject({ type: 'start' });
  await reader.cancel();
  const superseded = new AbortController();
  const shown = await world.transport.reconnectToStream({ chatId: 'c', abortSignal: superseded.signal });
  expect(shown).not.toBeNull();
  // A chat that resumes again lets go of the stream that it has.
  superseded.abort();
  const stopping = new AbortController();
  const again = await world.transport.reconnectToStream({ chatId: 'c', abortSignal: stopping.signal });
  expect((await again?.getReader().read())?.value).toMatchObject({ type: 'start' });
  const stops = () => world.client.history({ topic, types: ['run_stop'] });
  await world.client.publish('run_stop', { run_id: 'another' }, { topic }); // sent after one of the first, had there been one
  expect((await stops()).items).toHaveLength(1);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  stopping.abort();
  await expect.poll(() => signals[0]?.aborted).toBe(true);
});

test('a client that is closed leaves no answer that looks whole', async () => {
  await using world = await served(async function* ({ signal }) {
    yield { type: 'text-start', id: '0' };
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  const stream = await world.transport.sendMessages(send([asked('u1')]));
  const reader = stream.getReader();
  await reader.read();
  await reader.read();
  const next = reader.read();
  await world.client.close();
  await expect(next).rejects.toThrow('The client was closed before the answer was whole.');
});

describe.each([
  ['ai 7', four.Chat],
  ['ai 6', three.Chat as never as typeof four.Chat],
] as const)('%s', (version, Chat) => {
  /** `useChat` of version 6 does not hand on that answers are told from their beginning. */
  const handedOn = (transport: EventsChatTransport): ChatTransport<UIMessage> =>
    version === 'ai 7'
      ? transport
      : {
          sendMessages: (options) => transport.sendMessages(options),
          reconnectToStream: (options) => transport.reconnectToStream(options),
        };

  /** Answers that go on once their approval is given. */
  const approved: ChatHandler = async function* ({ messages, signal }) {
    if (messages.at(-1)?.role === 'user') {
      yield { type: 'start-step' };
      yield { type: 'tool-input-available', toolCallId: 'c1', toolName: 'erase', input: { all: true } };
      yield { type: 'tool-approval-request', toolCallId: 'c1', approvalId: 'a1' };
      yield { type: 'finish-step' };
      return;
    }
    yield { type: 'tool-output-available', toolCallId: 'c1', output: 'erased' };
    yield { type: 'start-step' };
    yield { type: 'text-start', id: '0' };
    yield { type: 'text-delta', id: '0', delta: 'Done.' };
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  };

  test.each([
    ['a chat that is told that all is replayed', (transport: EventsChatTransport) => transport],
    ['what useChat makes of it', handedOn],
  ])(
    'an answer that goes on after an approval is the same in a page that is loaded again: %s',
    async (_, use) => {
      await using world = await served(approved);
      const make = async () => {
        const transport = use(new EventsChatTransport({ client: world.client }));
        return new Chat({ id: 'c', transport, messages: await loadChat(world.client, 'c') });
      };
      const chat = await make();
      await chat.sendMessage({ text: 'Erase it.' });
      await chat.addToolApprovalResponse({ id: 'a1', approved: true });
      void chat.sendMessage();
      const shown = (of: typeof chat) =>
        of.messages.map(({ parts }) =>
          parts.map((part) => ('text' in part ? part.text : 'output' in part ? part.output : part.type)),
        );
      const whole = [['Erase it.'], ['step-start', 'erased', 'step-start', 'Done.']];
      await expect.poll(() => shown(chat)).toEqual(whole);
      const later = await make();
      void later.resumeStream();
      await expect.poll(() => shown(later)).toEqual(whole);
      await later.stop();
      await expect.poll(() => chat.status).toBe('ready');
      expect(shown(await make())).toEqual(whole);
    },
  );
});
