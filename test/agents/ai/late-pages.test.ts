import * as four from '@ai-sdk/react';
import type { UIMessage } from 'ai';
import * as three from 'ai-sdk-react-3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ChatsClient } from '../../../agents/ai/chat-transport.ts';
import { chatRuns, EventsChatTransport, loadChat } from '../../../agents/ai/index.ts';
import { createClient } from '../../../client/index.ts';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { startTestServer } from '../../client/test-server.ts';
import { asked, chatCatalog } from './chat-world.ts';

const shown = ({ messages }: { messages: UIMessage[] }) =>
  messages.map(({ parts }) => parts.map((part) => ('text' in part ? part.text : '')).join(''));

describe.each([
  ['ai 7', four.Chat],
  ['ai 6', three.Chat as never as typeof four.Chat],
] as const)('a page of %s', (_, Chat) => {
  /** A chat whose answers the test writes, a page that asks, and pages that come later. */
  async function chatOfPages() {
    const manager = new EventManager({ broker: new MemoryBroker(), catalog: chatCatalog });
    /** Ends of the answers that are being written, in their order. */
    const answers: ((text: string) => void)[] = [];
    chatRuns(manager).serve(async function* () {
      yield { type: 'text-start', id: '0' };
      const delta = await new Promise<string>((resolve) => answers.push(resolve));
      yield { type: 'text-delta', id: '0', delta };
      yield { type: 'text-end', id: '0' };
    });
    const [near, far] = [
      await startTestServer({ catalog: chatCatalog, manager }),
      await startTestServer({ catalog: chatCatalog, manager }),
    ];
    onTestFinished(async () => {
      for (const server of [near, far]) await server[Symbol.asyncDispose]();
    });
    const errors: string[] = [];
    const connect = (to = far) => {
      const client = createClient({ url: to.wsUrl, catalog: chatCatalog });
      onTestFinished(() => client.close());
      return client;
    };
    const page = (client: ChatsClient, messages: UIMessage[] = []) => {
      const ends: string[] = [];
      const transport = new EventsChatTransport({ client, onError: ({ message }) => errors.push(message) });
      const onFinish = ({ isAbort, isError }: { isAbort: boolean; isError: boolean }) =>
        void ends.push(isAbort ? 'abort' : isError ? 'error' : 'done');
      /** Last texts of the chat as it has asked if it goes on by itself. */
      const looked: (string | undefined)[] = [];
      const sendAutomaticallyWhen = (chat: { messages: UIMessage[] }) => {
        looked.push(shown(chat).at(-1));
        return false;
      };
      const chat = new Chat({ id: 'c', transport, messages, onFinish, sendAutomaticallyWhen });
      return { transport, chat, ends, looked };
    };
    const { chat: first } = page(connect(near));
    return {
      manager,
      far,
      connect,
      page,
      first,
      answers,
      errors,
      /** The first page asks, and is answered. */
      async answered(text: string, ask: () => Promise<void>): Promise<void> {
        const end = ask();
        await expect.poll(() => answers.length).toBe(1);
        answers.shift()?.(text);
        await end;
      },
    };
  }

  const sends = (chat: four.Chat<UIMessage>, id: string) => () => chat.sendMessage(asked(id));

  test.each([
    ['by its client', 'client', true],
    ['by its server, and that resumes nothing', 'manager', false],
  ] as const)(
    'that was loaded %s before an answer ended shows it, and what follows',
    async (_, by, resumes) => {
      const { manager, connect, page, first, answers, answered, errors } = await chatOfPages();
      const sent = first.sendMessage(asked('hello'));
      await expect.poll(() => answers.length).toBe(1);
      const client = connect();
      const loaded = await loadChat(by === 'client' ? client : manager, 'c');
      expect(shown({ messages: loaded })).toEqual(['hello']);
      answers.shift()?.('one');
      await sent;
      const { chat, transport } = page(client, loaded);
      if (resumes) void chat.resumeStream();
      onTestFinished(transport.keepUp(chat));
      await answered('two', sends(first, 'next'));
      await answered('three', () => first.regenerate());
      await expect.poll(() => shown(chat)).toEqual(['hello', 'one', 'next', 'three']);
      expect(chat.messages.map(({ id }) => id)).toEqual(first.messages.map(({ id }) => id));
      expect(errors).toEqual([]);
    },
  );

  test('that was loaded before an answer ended, and resumes it after, shows it, once', async () => {
    const { connect, page, first, answers } = await chatOfPages();
    const sent = first.sendMessage(asked('hello'));
    await expect.poll(() => answers.length).toBe(1);
    const client = connect();
    const { chat, ends } = page(client, await loadChat(client, 'c'));
    answers.shift()?.('one');
    await sent;
    await chat.resumeStream();
    expect(shown(chat)).toEqual(['hello', 'one']);
    await chat.resumeStream();
    expect(ends).toEqual(['done']);
    const later = page(client, await loadChat(client, 'c'));
    await later.chat.resumeStream();
    expect(shown(later.chat)).toEqual(['hello', 'one']);
    expect(later.ends).toEqual([]);
  });

  test.each([
    ['a message and its answer', async ({ answered, first }: Pages) => answered('two', sends(first, 'next'))],
    [
      'an edit',
      async ({ answered, first }: Pages) =>
        answered('two', () => first.sendMessage({ text: 'hello, you', messageId: 'hello' })),
    ],
    [
      'an answer that was made again',
      ({ answered, first }: Pages) => answered('two', () => first.regenerate()),
    ],
    [
      'the beginning of another answer',
      async ({ answers, first }: Pages) => {
        void first.sendMessage(asked('next'));
        await expect.poll(() => answers.length).toBe(1);
      },
    ],
  ])('that was loaded before %s shows that when it keeps up', async (_name, happen) => {
    const pages = await chatOfPages();
    const { connect, page, first, answers, answered, errors } = pages;
    const sent = first.sendMessage(asked('hello'));
    await expect.poll(() => answers.length).toBe(1);
    const client = connect();
    const loaded = await loadChat(client, 'c');
    answers.shift()?.('one');
    await sent;
    await happen(pages);
    const { chat, transport } = page(client, loaded);
    onTestFinished(transport.keepUp(chat));
    void chat.resumeStream();
    await expect.poll(() => chat.messages.length).toBeGreaterThan(1);
    answers.shift()?.('late');
    await expect.poll(() => first.status).toBe('ready');
    await expect.poll(() => shown(chat)).toEqual(shown(first));
    await answered('end', sends(first, 'end'));
    await expect.poll(() => shown(chat)).toEqual(shown(first));
    expect(chat.messages.map(({ id }) => id)).toEqual(first.messages.map(({ id }) => id));
    expect(errors).toEqual([]);
  });

  test('that has missed nothing keeps what it has put before its messages', async () => {
    const { connect, page, first, answered } = await chatOfPages();
    await answered('one', sends(first, 'hello'));
    const client = connect();
    const { chat, transport } = page(client, [asked('greeting'), ...(await loadChat(client, 'c'))]);
    onTestFinished(transport.keepUp(chat));
    await answered('two', sends(first, 'next'));
    await expect.poll(() => shown(chat)).toEqual(['greeting', 'hello', 'one', 'next', 'two']);
  });

  test('that has asked goes on by itself with its answer, though another asks meanwhile', async () => {
    const { connect, page, first, answers, answered } = await chatOfPages();
    const { chat, transport, looked } = page(connect());
    onTestFinished(transport.keepUp(chat));
    await answered('one', sends(first, 'hello'));
    await expect.poll(() => shown(chat)).toEqual(['hello', 'one']);
    await expect.poll(() => looked.splice(0)).toEqual(['one']);
    const mine = chat.sendMessage(asked('mine'));
    await expect.poll(() => answers.length).toBe(1);
    const theirs = first.sendMessage(asked('theirs'));
    await expect.poll(() => answers.length).toBe(2);
    answers.shift()?.('two');
    await mine;
    answers.shift()?.('three');
    await theirs;
    await expect.poll(() => shown(chat)).toEqual(['hello', 'one', 'theirs', 'three']);
    await expect.poll(() => looked).toEqual(['two', 'three']);
  });

  test('that asks while it looks for what it has missed keeps its message, and shows the others after it', async () => {
    const { connect, page, first, answers, answered, errors } = await chatOfPages();
    await answered('one', sends(first, 'hello'));
    const client = connect();
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isAsked = false;
    const slow = new Proxy(client, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (name !== 'history') return typeof value === 'function' ? value.bind(target) : value;
        return async (...options: Parameters<typeof client.history>) => {
          const found = await client.history(...options);
          isAsked = true;
          await held;
          return found;
        };
      },
    });
    const { chat, transport } = page(slow);
    onTestFinished(transport.keepUp(chat));
    await expect.poll(() => isAsked).toBe(true);
    const mine = chat.sendMessage(asked('mine'));
    await expect.poll(() => answers.length).toBe(1);
    letGo();
    const theirs = first.sendMessage(asked('theirs'));
    await expect.poll(() => answers.length).toBe(2);
    for (const answer of answers.splice(0)) answer('two');
    await Promise.all([mine, theirs]);
    const all = await loadChat(client, 'c');
    await expect.poll(() => shown(chat)).toEqual(shown({ messages: all }));
    await answered('three', sends(first, 'end'));
    await expect.poll(() => shown(chat).slice(-2)).toEqual(['end', 'three']);
    expect(errors).toEqual([]);
  });

  test('that was asleep for three answers, of which one was made again and one is of an edit, shows the chat when it wakes', async () => {
    const { connect, page, far, first, answered, errors } = await chatOfPages();
    const client = connect();
    const { chat, transport } = page(client);
    onTestFinished(transport.keepUp(chat));
    await answered('one', sends(first, 'hello'));
    await expect.poll(() => shown(chat)).toEqual(['hello', 'one']);
    far.refusing = true;
    far.dropAll();
    await answered('two', sends(first, 'next'));
    await answered('three', () => first.regenerate());
    await answered('four', () => first.sendMessage({ text: 'hello, you', messageId: 'hello' }));
    far.refusing = false;
    await expect.poll(() => shown(chat)).toEqual(['hello, you', 'four']);
    await expect.poll(() => chat.status).toBe('ready');
    expect(shown(chat)).toEqual(['hello, you', 'four']);
    expect(errors).toEqual([]);
  });
});

type Pages = {
  first: four.Chat<UIMessage>;
  answers: ((text: string) => void)[];
  answered: (text: string, ask: () => Promise<void>) => Promise<void>;
};
