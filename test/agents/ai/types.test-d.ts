import type { UIMessage, UIMessageChunk } from 'ai';
import type { UIMessageChunk as ChunkOfSix } from 'ai-6';
import { expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { chatEvents, chatRuns, EventsChatTransport, loadChat } from '../../../agents/ai/index.ts';
import { createClient } from '../../../client/index.ts';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { defineEvents } from '../../../shared/index.ts';

const catalog = defineEvents({ ...chatEvents, note: z.object({ text: z.string() }) });
const other = defineEvents({ note: z.object({ text: z.string() }) });

interface OwnMessage extends UIMessage<{ model: string }> {}

test('version 6 has no type of chunk that 7 lacks', () => {
  expectTypeOf<Exclude<ChunkOfSix['type'], UIMessageChunk['type']>>().toBeNever();
  expectTypeOf<Exclude<UIMessageChunk['type'], ChunkOfSix['type']>>().not.toBeNever(); // the control
});

test('clients and managers of a larger catalog will do', () => {
  const client = createClient({ url: 'ws://127.0.0.1/trpc', catalog });
  const manager = new EventManager({ broker: new MemoryBroker(), catalog });
  expectTypeOf(new EventsChatTransport({ client })).toExtend<EventsChatTransport>();
  expectTypeOf(
    new EventsChatTransport<OwnMessage>({ client }).sendMessages,
  ).returns.resolves.toExtend<ReadableStream>();
  expectTypeOf(loadChat<OwnMessage>(client, 'c')).resolves.toEqualTypeOf<OwnMessage[]>();
  expectTypeOf(loadChat(manager, 'c')).resolves.toEqualTypeOf<UIMessage[]>();
  chatRuns(manager).serve<OwnMessage>(async function* ({ messages }) {
    expectTypeOf(messages).toEqualTypeOf<OwnMessage[]>();
    yield { type: 'finish' };
  });
});

test('clients and managers without the events of chats will not do', () => {
  const client = createClient({ url: 'ws://127.0.0.1/trpc', catalog: other });
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: other });
  // @ts-expect-error its catalog lacks them
  new EventsChatTransport({ client });
  // @ts-expect-error its catalog lacks them
  loadChat(manager, 'c');
  // @ts-expect-error its catalog lacks them
  chatRuns(manager);
});
