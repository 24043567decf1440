import type { UIMessage } from 'ai';
import { expect, test } from 'vitest';
import { all, asked, chatWorld, says, topic, viewed } from './chat-world.ts';

/** An answer that a page goes on with: it has run the tool. */
const called: UIMessage = {
  id: 'a1',
  role: 'assistant',
  parts: [{ type: 'tool-where', toolCallId: 'c1', state: 'output-available', input: {}, output: 'Rome' }],
};

test('a request that is made twice is answered once', async () => {
  let calls = 0;
  await using world = chatWorld(async function* () {
    calls++;
    yield* says('Hi.');
  });
  const request = { run_id: 'r', chat: 'c', trigger: 'submit-message' as const, messages: [asked('u1')] };
  for (let i = 0; i < 3; i++)
    await world.manager.publish('chat_request', JSON.parse(JSON.stringify(request)), { topic });
  await all(viewed(world, 'r'));
  expect(calls).toBe(1);
});

test('an answer that is asked twice to go on does so in one run, and in a further one after that has failed', async () => {
  const outputs: string[] = [];
  await using world = chatWorld(async function* ({ runId, answerId }) {
    outputs.push(`${runId} ${answerId}`);
    if (outputs.length === 1) throw new Error('down');
    yield* says('Hi.');
  });
  const first = await world.ask([asked('u1'), called]);
  await all(viewed(world, first));
  const second = await world.ask([asked('u1'), called]);
  await all(viewed(world, second));
  expect(await world.ask([asked('u1'), called])).toBe(second);
  expect(outputs).toEqual([`${first} a1`, `${second} a1`]);
});
