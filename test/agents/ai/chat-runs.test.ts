import type { UIMessage } from 'ai';
import { expect, test, vi } from 'vitest';
import { type ChatTurn, chatRuns, loadChat } from '../../../agents/ai/index.ts';
import { EventManager, JsonLogger, MemoryBroker } from '../../../server/index.ts';
import { defineEvents } from '../../../shared/index.ts';
import { deferred } from '../../support/deferred.ts';
import { HASTY } from '../../support/hasty-clock.ts';
import { all, asked, chatCatalog, chatWorld, says, topic, viewed } from './chat-world.ts';

/** Messages as texts, with their ids. */
const texts = (messages: readonly UIMessage[]) =>
  messages.map(
    ({ role, parts }) => `${role}: ${parts.map((part) => ('text' in part ? part.text : part.type)).join('')}`,
  );

test('an error of a handler is logged as errors are, and its words are for the log alone', async () => {
  const error = vi.fn();
  const logger = Object.assign(new JsonLogger('error', () => {}), { error });
  const thrown = new Error('The key of the model is no key.');
  await using world = chatWorld(() => Promise.reject(thrown), { logger });
  const run = await world.ask([asked('u1')]);
  await all(viewed(world, run));
  expect(error).toHaveBeenCalledWith(expect.objectContaining({ err: thrown }), expect.anything());
});

test('a handler is told the chat, who asks, and the id of its answer', async () => {
  const turns: ChatTurn[] = [];
  await using world = chatWorld(async function* (turn) {
    turns.push(turn);
    yield* says('Hi.');
  });
  const run = await world.ask([asked('u1')]);
  await all(viewed(world, run));
  const { signal, ...turn } = turns[0] ?? {};
  expect(signal).toBeInstanceOf(AbortSignal);
  expect(turn).toEqual({
    chatId: 'c',
    messages: [asked('u1')],
    trigger: 'submit-message',
    messageId: undefined,
    body: {},
    answerId: run,
    by: 'ada',
    runId: run,
    topic,
  });
  expect((await world.all.status(run))?.by).toBe('ada');
});

test.each([
  ['what it says, where it is asked for', { onError: String }, 'Error: the password is x'],
  ['nothing of what it says', {}, 'An error occurred.'],
])('an error of a handler is told with %s', async (_, options, words) => {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: chatCatalog });
  chatRuns(manager, options).serve(async () => {
    throw new Error('the password is x');
  });
  await manager.publish(
    'chat_request',
    { run_id: 'r', chat: 'c', trigger: 'submit-message', messages: [asked('u1') as never] },
    { topic },
  );
  expect(await all(viewed({ manager }, 'r'))).toEqual([
    { type: 'start', messageId: 'r' },
    { type: 'error', errorText: words },
  ]);
  await manager.close();
});

test('an error that a stream tells is its own, and told once', async () => {
  await using world = chatWorld(async function* () {
    yield* says('Hi.');
    yield { type: 'error', errorText: 'quota' };
  });
  const run = await world.ask([asked('u1')]);
  expect((await all(viewed(world, run))).filter(({ type }) => type === 'error')).toEqual([
    { type: 'error', errorText: 'quota' },
  ]);
});

test('an answer that is stopped ends for its handler and its viewers, also where the handler does not listen', async () => {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: chatCatalog });
  const started = deferred();
  let hasReturned = false;
  chatRuns(manager, { clock: HASTY }).serve(async function* () {
    yield { type: 'text-start', id: '0' };
    started.resolve();
    try {
      await new Promise(() => {}); // deaf
    } finally {
      hasReturned = true;
    }
  });
  await manager.publish(
    'chat_request',
    { run_id: 'r', chat: 'c', trigger: 'submit-message', messages: [asked('u1') as never] },
    { topic },
  );
  const seen = all(viewed({ manager }, 'r'));
  await started.promise;
  await manager.publish('run_stop', { run_id: 'r' }, { topic, by: 'bea' });
  expect(await seen).toEqual([
    { type: 'start', messageId: 'r' },
    { type: 'text-start', id: '0' },
    { type: 'text-end', id: '0' },
    { type: 'abort', reason: 'Stopped by bea' },
  ]);
  expect(hasReturned).toBe(false);
  await manager.close();
});

test('an answer whose process is gone is told as an error, with what it has closed', async () => {
  await using world = chatWorld(async () => says() as never);
  const { manager } = world;
  const run = { run_id: 'r', kind: 'chat', input: null, outcome: '' };
  const start = { type: 'text-start', id: '0' };
  const handle = await manager.begin('run', run, { topic });
  const text = await manager.begin(
    'chat_text',
    { run_id: 'r', part: 'text:0', n: 0, start, text: '' },
    { topic },
  );
  const seen = all(viewed(world, 'r'));
  await text.append('Hel');
  await text.abort('lease'); // as whoever finds them does, one lease after the other
  await handle.abort('lease');
  expect(await seen).toEqual([
    { type: 'start', messageId: 'r' },
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: 'Hel' },
    { type: 'text-end', id: '0' },
    { type: 'error', errorText: 'The process that wrote this answer is gone: the answer is not complete.' },
  ]);
});

test('a request is refused that is of another topic’s chat, or whose new messages are too much', async () => {
  await using world = chatWorld(async () => says('Hi.') as never);
  const large = asked('u1', 'x'.repeat(300_000));
  await expect(world.ask([large])).rejects.toMatchObject({ code: 'INVALID_EVENT', message: /input/ });
  const answered = new Promise((resolve) => {
    world.manager.addListener(({ data }) => resolve(data), { topic: 'chat-d', types: ['chat_accepted'] });
  });
  const request = {
    run_id: 'r',
    chat: 'c',
    trigger: 'submit-message' as const,
    messages: [asked('u1') as never],
  };
  await world.manager.publish('chat_request', request, { topic: 'chat-d' });
  expect(await answered).toMatchObject({ request: 'r', error: { code: 'INVALID_TOPIC' } });
});

test('a failure before an answer is begun is told to its asker at once, its words to the log alone', async () => {
  const error = vi.fn();
  const logger = Object.assign(new JsonLogger('error', () => {}), { error });
  const thrown = new Error('No such tenant: t-4711');
  const topicOf = () => {
    throw thrown;
  };
  await using world = chatWorld(async () => says('Hi.') as never, { logger, topicOf });
  await expect(world.ask([asked('u1')])).rejects.toEqual({
    code: 'UNAVAILABLE',
    message: 'The server failed to begin the run: its log says why.',
  });
  await expect
    .poll(() => error.mock.calls)
    .toEqual([[expect.objectContaining({ err: thrown }), expect.anything()]]);
});

test('a failure before an answer is begun is in the log, also where its asker cannot be told', async () => {
  const error = vi.fn();
  const logger = Object.assign(new JsonLogger('error', () => {}), { error });
  const thrown = new Error('No such tenant: t-4711');
  const topicOf = () => {
    vi.spyOn(world.manager, 'publish').mockRejectedValue(new Error('The broker is away.'));
    throw thrown;
  };
  await using world = chatWorld(async () => says('Hi.') as never, { logger, topicOf });
  void world.ask([asked('u1')]);
  const logged = expect.objectContaining({ err: thrown });
  await expect.poll(() => error.mock.calls).toContainEqual([logged, expect.anything()]);
});

test('one handler serves; another may once it is gone; without the events of chats there is none', async () => {
  const manager = new EventManager({ broker: new MemoryBroker(), catalog: chatCatalog });
  const end = chatRuns(manager).serve(async () => says() as never);
  expect(() => chatRuns(manager).serve(async () => says() as never)).toThrow('has a handler already');
  end();
  chatRuns(manager).serve(async () => says() as never);
  const { chat_accepted: _, ...few } = chatCatalog.schemas;
  const other = new EventManager({ broker: new MemoryBroker(), catalog: defineEvents(few) });
  expect(() => chatRuns(other as never)).toThrow('The catalog lacks chat_accepted');
  await Promise.all([manager.close(), other.close()]);
});

test('a chat is loaded from its log: what was stopped as far as it came, what is being written not yet', async () => {
  const told = deferred();
  const seen: string[][] = [];
  await using world = chatWorld(async function* ({ messages, signal }) {
    seen.push(texts(await loadChat(world.manager, 'c')));
    const last = messages.at(-1)?.id;
    yield { type: 'text-start', id: '0' };
    yield { type: 'text-delta', id: '0', delta: `answer to ${last}` };
    if (last === 'u2') {
      told.resolve();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      return;
    }
    yield { type: 'text-end', id: '0' };
  });
  const first = await world.ask([asked('u1')]);
  await all(viewed(world, first));
  const chat = await loadChat(world.manager, 'c');
  expect(texts(chat)).toEqual(['user: u1', 'assistant: answer to u1']);
  expect(chat.map(({ id }) => id)).toEqual(['u1', first]);

  const second = await world.ask([...chat, asked('u2')]);
  await told.promise;
  expect(texts(await loadChat(world.manager, 'c'))).toEqual([...texts(chat), 'user: u2']);
  // The next is asked before the stopped one has ended, and cuts it off.
  const ended = all(viewed(world, second));
  await world.all.stop(second);
  const third = await world.ask([...chat, asked('u3')]);
  await Promise.all([ended, all(viewed(world, third))]);
  expect(texts(await loadChat(world.manager, 'c'))).toEqual([
    ...texts(chat),
    'user: u3',
    'assistant: answer to u3',
  ]);

  const fourth = await world.ask([asked('u1')], { trigger: 'regenerate-message' });
  await all(viewed(world, fourth));
  expect(texts(await loadChat(world.manager, 'c'))).toEqual(['user: u1', 'assistant: answer to u1']);
  // A server that takes the chat from the log has the new message with it.
  expect(seen[0]).toEqual(['user: u1']);
  expect(seen[1]).toEqual([...texts(chat), 'user: u2']);
  expect(await loadChat(world.manager, 'nobody')).toEqual([]);
});

test('a run of somebody else that calls its kind chat keeps nobody from the chat', async () => {
  await using world = chatWorld(async function* () {
    yield* says('Hi.');
  });
  const own = await world.all.start(() => {}, {
    kind: 'chat',
    input: { messages: ['Hello.', { parts: [1] }] },
  });
  await own.ended;
  await all(viewed(world, own.id));
  await all(viewed(world, await world.ask([asked('u1')])));
  expect(texts(await loadChat(world.manager, 'c'))).toEqual(['user: u1', 'assistant: Hi.']);
});
