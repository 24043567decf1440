import { beforeAll, describe, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { freePort } from '../../setup/redis-server.ts';
import { buildChatPage, ChatTab } from './chat-page.ts';
import { startChatServer } from './chat-server.ts';
import { chatCatalog, topic } from './chat-world.ts';

const INPUT = { exact: true };

describe.each(['ai 7', 'ai 6'] as const)('useChat of %s in Chromium', (version) => {
  let built: ReadonlyMap<string, Buffer>;
  beforeAll(async () => {
    built = await buildChatPage(version);
  });

  /** A server, and a page that has asked for an answer. */
  async function conversation(query: string, options?: Parameters<typeof startChatServer>[2]) {
    const server = await startChatServer(version, built, options);
    const open = (more = query) => ChatTab.open(server.url, `chat=c&${more}`);
    const tab = await open();
    await tab.send('Hello.');
    await expect.poll(() => server.standIn.calls.length).toBe(1);
    return {
      server,
      tab,
      open,
      model: server.standIn,
      async [Symbol.asyncDispose]() {
        await tab[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  test('an answer is shown token by token; it goes on when its page is closed, and is there on another device', async () => {
    await using chat = await conversation('resume&strict');
    const { tab, model, server } = chat;
    await tab.see('status').toBe('submitted');
    model.last.say('Good ');
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good ']);
    model.last.say('morning.');
    model.last.end();
    await tab.see('ends').toEqual(['done']);
    expect(await tab.read('shown')).toEqual(['user: Hello.', 'assistant: Good morning.']);
    expect(await tab.read('status')).toBe('ready');

    await tab.send('And you?');
    await expect.poll(() => model.calls.length).toBe(2);
    model.last.say('I am ');
    await tab.see('shown').toContain('assistant: I am ');
    await tab[Symbol.asyncDispose]();
    await expect.poll(() => server.sockets.size).toBe(0);
    model.last.say('well.');
    model.last.end();
    await expect.poll(() => server.all.list()).toEqual([]);
    expect(model.last.stopped).toBeUndefined();
    await using late = await chat.open();
    await late
      .see('shown')
      .toEqual(['user: Hello.', 'assistant: Good morning.', 'user: And you?', 'assistant: I am well.']);
    expect([...tab.complaints, ...late.complaints]).toEqual([]);
  });

  test('a page that is loaded again in mid-token shows the same text, and goes on', async () => {
    await using chat = await conversation('resume&strict');
    const { tab, model } = chat;
    model.last.say('Good ');
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good ']);
    const ids = await tab.read('ids');
    await tab.reload();
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good ']);
    expect(await tab.read('ids')).toEqual(ids);
    expect(await tab.read('status')).toBe('streaming');
    model.last.say('morning.');
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good morning.']);
    model.last.end();
    await tab.see('ends').toEqual(['done']);
    expect(model.calls.length).toBe(1);
    expect(model.last.stopped).toBeUndefined();
    expect(tab.complaints).toEqual([]);
  });

  test('a page that is loaded again in mid-tool-call is the same, runs the tool, and goes on with the answer', async () => {
    await using chat = await conversation('resume');
    const { tab, model, server } = chat;
    model.last.say('Wait. ');
    model.last.begin('c1', 'where', '{"exact":');
    const half = ['user: Hello.', 'assistant: Wait. [tool-where input-streaming {} undefined]'];
    await tab.see('shown').toEqual(half);
    await tab.reload();
    await tab.see('shown').toEqual(half);
    model.last.call('c1', 'where', INPUT);
    const called = ['user: Hello.', 'assistant: Wait. [tool-where input-available {"exact":true} undefined]'];
    await tab.see('shown').toEqual(called);
    await tab.see('status').toBe('ready');
    await tab.reload();
    await tab.see('shown').toEqual(called);

    await tab.output('c1', 'Rome');
    await expect.poll(() => model.calls.length).toBe(2);
    expect(model.last.prompt).toContain('Rome');
    model.last.say('You are ');
    const answered = 'assistant: Wait. [tool-where output-available {"exact":true} "Rome"]You are ';
    await tab.see('shown').toEqual(['user: Hello.', answered]);
    await tab.reload();
    await tab.see('shown').toEqual(['user: Hello.', answered]);
    model.last.say('in Rome.');
    model.last.end();
    await tab.see('shown').toEqual(['user: Hello.', `${answered}in Rome.`]);
    await tab.see('status').toBe('ready');
    await expect.poll(() => server.all.list()).toEqual([]);
    await tab.reload();
    await tab.see('shown').toEqual(['user: Hello.', `${answered}in Rome.`]);
    expect(tab.complaints).toEqual([]);
  });

  test('two pages: the second follows, and stops the answer, which the model and both are told; resumed, it is not begun again', async () => {
    await using chat = await conversation('resume&follow&strict');
    const { tab, model, server } = chat;
    await using second = await chat.open();
    model.last.say('Good ');
    const shown = ['user: Hello.', 'assistant: Good '];
    await tab.see('shown').toEqual(shown);
    await second.see('shown').toEqual(shown);
    await second.do('stop');
    await expect.poll(() => model.last.stopped).toMatch('Stopped');
    await tab.see('ends').toEqual(['abort']);
    await second.see('ends').toEqual(['abort']);
    for (const page of [tab, second]) {
      expect(await page.read('status')).toBe('ready');
      expect(await page.read('shown')).toEqual(shown);
    }
    await expect.poll(() => server.all.list()).toEqual([]);
    await tab.reload();
    await tab.see('shown').toEqual(shown);
    await tab.do('resumeStream');
    expect(await tab.read('status')).toBe('ready');
    expect(model.calls.length).toBe(1);

    // What the one sends, the other shows, and so on.
    await second.send('Go on.');
    await expect.poll(() => model.calls.length).toBe(2);
    model.last.say('morning.');
    await tab.see('shown').toEqual([...shown, 'user: Go on.', 'assistant: morning.']);
    model.last.end();
    await tab.see('ends').toEqual(['done']);
    await second.see('ids').toEqual(await tab.read('ids'));
    await tab.send('More.');
    await expect.poll(() => model.calls.length).toBe(3);
    model.last.end();
    await second.see('shown').toContain('user: More.');
    await second.see('status').toBe('ready');
    expect([...tab.complaints, ...second.complaints]).toEqual([]);
  });

  test('an answer that is made again, and a message that is edited, cut the chat for all', async () => {
    await using chat = await conversation('resume&follow');
    const { tab, model } = chat;
    await using second = await chat.open();
    const say = async (text: string, call: number) => {
      await expect.poll(() => model.calls.length).toBe(call);
      model.last.say(text);
      model.last.end();
      await tab.see('status').toBe('ready');
    };
    await say('one', 1);
    await tab.send('Next.');
    await say('two', 2);
    await tab.do('regenerate');
    await say('three', 3);
    const again = ['user: Hello.', 'assistant: one', 'user: Next.', 'assistant: three'];
    await tab.see('shown').toEqual(again);
    await second.see('shown').toEqual(again);
    const [first] = await tab.read('ids');
    await tab.send('Hello, you.', first);
    await say('four', 4);
    const edited = ['user: Hello, you.', 'assistant: four'];
    await tab.see('shown').toEqual(edited);
    await second.see('shown').toEqual(edited);
    await tab.reload();
    expect(await tab.read('shown')).toEqual(edited);
    expect([...tab.complaints, ...second.complaints]).toEqual([]);
  });

  test('a tool that two pages run makes one answer', async () => {
    await using chat = await conversation('resume&follow&here=Rome');
    const { tab, model } = chat;
    await using second = await chat.open('resume&follow&here=Oslo');
    await second.see('status').not.toBe('ready');
    model.last.begin('c1', 'where', '{}');
    model.last.call('c1', 'where', INPUT);
    await expect.poll(() => model.calls.length).toBe(2);
    model.last.say('There.');
    model.last.end();
    for (const page of [tab, second]) {
      await page.see('ends').toEqual(['done', 'done']);
      expect((await page.read('shown')).at(-1)).toMatch(/There\.$/);
    }
    expect(model.calls.length).toBe(2);
  });

  test('an answer whose server has ended is told as an error', async () => {
    const broker = new MemoryBroker();
    const first = new EventManager({ broker, catalog: chatCatalog });
    const port = await freePort();
    await using chat = await conversation('resume', { manager: first, port });
    const { tab, model, server } = chat;
    model.last.say('Good ');
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good ']);
    await server[Symbol.asyncDispose]();
    await using _next = await startChatServer(version, built, { port });
    await tab.see('error').toMatch('is gone: the answer is not complete');
    expect(await tab.read('ends')).toEqual(['error']);
  });

  test('records that the log has lost meanwhile are told as a gap', async () => {
    const manager = new EventManager({ broker: new MemoryBroker({ maxRecords: 40 }), catalog: chatCatalog });
    await using chat = await conversation('resume', { manager });
    const { tab, model, server } = chat;
    model.last.say('Good ');
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good ']);
    server.refusing = true;
    server.dropAll();
    // More than the log holds, and more than a process keeps beside it.
    const event_type = 'chat_chunk' as const;
    const data = { run_id: 'another', chunk: { type: 'start-step' } };
    for (let i = 0; i < 3; i++) await manager.publishBatch(Array(500).fill({ event_type, data }), { topic });
    await expect.poll(() => manager.lag()).toBe(0); // until then they are on their way, and nothing is lost
    model.last.say('morning.');
    server.refusing = false;
    await tab.see('data').toEqual([expect.stringMatching(/^data-gap \{"reason":"trimmed","lost":\d+\}$/)]);
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good morning.']);
    model.last.end();
    await tab.see('ends').toEqual(['done']);
  });

  test('a chat that is too long for a request is told as an error', async () => {
    await using chat = await conversation('');
    const { tab, model } = chat;
    model.last.end();
    await tab.see('ends').toEqual(['done']);
    await tab.send('x'.repeat(1_100_000));
    await tab.see('error').toMatch(/^The chat is too long for one request, which may have 1 MiB/);
    expect(model.calls.length).toBe(1);
  });
});
