import { Chat } from '@ai-sdk/react';
import type { UIMessage } from 'ai';
import { afterEach, expect, test, vi } from 'vitest';
import { chatRuns, EventsChatTransport, loadChat } from '../../../agents/ai/index.ts';
import { ANSWER_TYPES, answerStream } from '../../../agents/ai/log/answer-stream.ts';
import { createClient } from '../../../client/index.ts';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { placeBefore } from '../../../server/runs/run-search.ts';
import { startTestServer } from '../../client/test-server.ts';
import { HASTY } from '../../support/hasty-clock.ts';
import { asked, chatCatalog, topic } from './chat-world.ts';

afterEach(() => void vi.restoreAllMocks());

/** Two chats of one server, of which the second keeps up with what the first sends, over a connection of its own. */
async function pair(
  beforeEnd: (id: string | undefined) => Promise<void> = async () => {},
  onError: (error: Error) => void = () => {},
) {
  const manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 40 }), catalog: chatCatalog });
  chatRuns(manager).serve(async function* ({ messages }) {
    const { id } = messages.at(-1) ?? {};
    yield { type: 'text-start', id: '0' };
    yield { type: 'text-delta', id: '0', delta: `answer ${messages.length} to ${id}` };
    await beforeEnd(id);
    yield { type: 'text-end', id: '0' };
  });
  const [near, far] = [
    await startTestServer({ catalog: chatCatalog, manager }),
    await startTestServer({ catalog: chatCatalog, manager }),
  ];
  const errors: string[] = [];
  const chats = [near, far].map(({ wsUrl }) => {
    const client = createClient({ url: wsUrl, catalog: chatCatalog });
    const transport = new EventsChatTransport({
      client,
      onError: (error) => {
        errors.push(error.message);
        onError(error);
      },
    });
    return { client, transport, chat: new Chat<UIMessage>({ id: 'c', transport }) };
  });
  const [first, second] = chats;
  if (!first || !second) throw new Error('no chats');
  const end = second.transport.keepUp(second.chat);
  return {
    manager,
    far,
    errors,
    end,
    first: first.chat,
    second: second.chat,
    async [Symbol.asyncDispose]() {
      end();
      for (const { client } of chats) await client.close();
      for (const server of [near, far]) await server[Symbol.asyncDispose]();
    },
  };
}

/** Writes more than the log holds, and more than a process keeps beside it. */
async function loseTheLog({ manager }: Pick<Awaited<ReturnType<typeof pair>>, 'manager'>): Promise<void> {
  const run = { run_id: 'another', kind: 'work', input: null, outcome: '' };
  for (let i = 0; i < 3; i++)
    await manager.publishBatch(Array(500).fill({ event_type: 'run', data: run }), { topic });
  await expect.poll(() => manager.lag()).toBe(0); // until then they are on their way, and nothing is lost
}

const shown = ({ messages }: { messages: UIMessage[] }) =>
  messages.map(({ parts }) => parts.map((part) => ('text' in part ? part.text : '')).join(''));

test('messages that others have sent while a page was offline are shown when it is back, in order', async () => {
  await using world = await pair();
  const { first, second, far } = world;
  await first.sendMessage({ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'one' }] });
  await expect.poll(() => shown(second)).toEqual(['one', 'answer 1 to u1']);
  far.refusing = true;
  far.dropAll();
  await first.sendMessage({ id: 'u2', role: 'user', parts: [{ type: 'text', text: 'two' }] });
  await first.sendMessage({ id: 'u3', role: 'user', parts: [{ type: 'text', text: 'three' }] });
  far.refusing = false;
  const all = ['one', 'answer 1 to u1', 'two', 'answer 3 to u2', 'three', 'answer 5 to u3'];
  expect(shown(first)).toEqual(all);
  await expect.poll(() => shown(second)).toEqual(all);
  expect(second.messages.map(({ id }) => id)).toEqual(first.messages.map(({ id }) => id));
  await expect.poll(() => second.status).toBe('ready');
  expect(world.errors).toEqual([]);
});

test('a page that has missed records which the log has lost shows what the log has', async () => {
  await using world = await pair();
  const { first, second, far } = world;
  await first.sendMessage({ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'one' }] });
  await expect.poll(() => shown(second)).toEqual(['one', 'answer 1 to u1']);
  far.refusing = true;
  far.dropAll();
  await first.sendMessage({ id: 'u2', role: 'user', parts: [{ type: 'text', text: 'two' }] });
  await loseTheLog(world);
  await first.sendMessage({ id: 'u3', role: 'user', parts: [{ type: 'text', text: 'three' }] });
  far.refusing = false;
  await expect.poll(() => shown(second)).toEqual(['three', 'answer 5 to u3']);
  expect(world.errors).toEqual([]);
});

test('a page shows what the log has, also where the log has lost the end of the answer that it was being shown', async () => {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  await using world = await pair(async (id) => (id === 'u1' ? ended : undefined));
  const { first, second, far } = world;
  const sent = first.sendMessage({ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'one' }] });
  await expect.poll(() => shown(second)).toEqual(['one', 'answer 1 to u1']);
  far.refusing = true;
  far.dropAll();
  end();
  await sent;
  await loseTheLog(world);
  await first.sendMessage({ id: 'u3', role: 'user', parts: [{ type: 'text', text: 'three' }] });
  far.refusing = false;
  await expect.poll(() => shown(second)).toEqual(['three', 'answer 3 to u3']);
  expect(world.errors).toEqual([]);
});

test('an answer of which the log has nothing any more ends as lost, and a chat without its beginning says so', async () => {
  await using world = await pair();
  const { first, second, manager, far } = world;
  await first.sendMessage({ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'one' }] });
  await expect.poll(() => shown(second)).toEqual(['one', 'answer 1 to u1']);
  const { items } = await manager.history({ topic, types: ['run'], openings: true });
  const [opening] = items;
  if (!opening) throw new Error('no run');
  await loseTheLog(world);
  const client = createClient({ url: far.wsUrl, catalog: chatCatalog });
  const shownRun = { run: opening.event.data.run_id, since: placeBefore(opening.cursor) };
  const nothing = { signal: undefined, onEnd() {}, onStop() {} };
  const told: string[] = [];
  for await (const { type } of answerStream(client, topic, shownRun, nothing)) told.push(type);
  expect(told).toEqual(['data-gap', 'error']);
  const gaps: string[] = [];
  const onGap = ({ reason }: { reason: string }) => gaps.push(reason);
  expect(await loadChat(client, 'c', { onGap })).toEqual([]);
  expect(gaps).toEqual(['trimmed']);
  gaps.length = 0;
  await loadChat(client, 'another', { onGap });
  expect(gaps).toEqual([]);
  await client.close();
});

test('an answer that was erased before its stream begins ends as lost', async () => {
  await using world = await pair();
  const { first, manager, far } = world;
  await first.sendMessage({ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'one' }] });
  const { items } = await manager.history({ topic, types: ['run'], openings: true });
  const [opening] = items;
  if (!opening) throw new Error('no run');
  const { run_id } = opening.event.data;
  const { erased } = await manager.erase({ topic, types: [...ANSWER_TYPES], filter: { run_id } });
  expect(erased).toBeGreaterThan(2);
  const client = createClient({ url: far.wsUrl, catalog: chatCatalog });
  const shownRun = { run: run_id, since: placeBefore(opening.cursor) };
  const nothing = { signal: undefined, onEnd() {}, onStop() {} };
  const told: string[] = [];
  for await (const { type } of answerStream(client, topic, shownRun, nothing)) told.push(type);
  expect(told).toEqual(['error']);
  await client.close();
});

test('an onError that throws keeps no later run from being shown', async () => {
  const told = vi.spyOn(console, 'error').mockReturnValue();
  const failed = new Error('onError');
  await using world = await pair(undefined, () => {
    throw failed;
  });
  const { first, second, errors } = world;
  vi.spyOn(second, 'resumeStream').mockRejectedValueOnce(new Error('not now'));
  await first.sendMessage({ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'one' }] });
  await expect.poll(() => errors).toEqual(['not now']);
  expect(told.mock.calls).toEqual([[failed]]);
  await first.sendMessage({ id: 'u2', role: 'user', parts: [{ type: 'text', text: 'two' }] });
  await expect.poll(() => shown(second).at(-1)).toMatch(/to u2$/);
});

test('a page that has ended to keep up is left as it is', async () => {
  await using world = await pair();
  const { first, second, end, far } = world;
  const client = createClient({ url: far.wsUrl, catalog: chatCatalog });
  const transport = new EventsChatTransport({ client });
  const stays = new Chat<UIMessage>({ id: 'c', transport });
  const leave = transport.keepUp(stays);
  await first.sendMessage({ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'one' }] });
  await expect.poll(() => shown(second)).toEqual(['one', 'answer 1 to u1']);
  await expect.poll(() => shown(stays)).toEqual(['one', 'answer 1 to u1']);
  end();
  await first.sendMessage({ id: 'u2', role: 'user', parts: [{ type: 'text', text: 'two' }] });
  await expect.poll(() => shown(stays)).toEqual(['one', 'answer 1 to u1', 'two', 'answer 3 to u2']); // control
  expect(shown(second)).toEqual(['one', 'answer 1 to u1']);
  leave();
  await client.close();
});

test('a request whose server died with it is made again, and is one run', async () => {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: chatCatalog });
  const requests: string[] = [];
  const drop = manager.handle('chat_request', ({ data }) => {
    requests.push(data.run_id);
    drop();
    chatRuns(manager).serve(async function* ({ runId }) {
      requests.push(runId);
      yield { type: 'finish' };
    });
  });
  await using server = await startTestServer({ catalog: chatCatalog, manager });
  const client = createClient({ url: server.wsUrl, catalog: chatCatalog });
  const transport = new EventsChatTransport({ client, clock: HASTY });
  const request = {
    chatId: 'c',
    trigger: 'submit-message',
    messageId: undefined,
    messages: [asked('u1')],
  } as const;
  await transport.sendMessages({ ...request, messages: [...request.messages], abortSignal: undefined });
  expect(requests).toEqual([requests[0], requests[0]]);
  await client.close();
});
