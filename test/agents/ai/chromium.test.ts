import { beforeAll, describe, expect, test } from 'vitest';
import { buildChatPage, ChatTab } from './chat-page.ts';
import { startChatServer } from './chat-server.ts';

describe.each(['ai 7', 'ai 6'] as const)('useChat of %s in Chromium', (version) => {
  let built: ReadonlyMap<string, Buffer>;
  beforeAll(async () => {
    built = await buildChatPage(version);
  });

  test('an answer is shown token by token', async () => {
    await using server = await startChatServer(version, built);
    await using tab = await ChatTab.open(server.url, 'chat=c&strict');
    await tab.send('Hello.');
    await tab.see('status').toBe('submitted');
    await expect.poll(() => server.standIn.calls.length).toBe(1);
    server.standIn.last.say('Good ');
    await tab.see('shown').toEqual(['user: Hello.', 'assistant: Good ']);
    server.standIn.last.say('morning.');
    server.standIn.last.end();
    await tab.see('ends').toEqual(['done']);
    expect(await tab.read('shown')).toEqual(['user: Hello.', 'assistant: Good morning.']);
    expect(await tab.read('status')).toBe('ready');
    expect(tab.complaints).toEqual([]);
  });
});
