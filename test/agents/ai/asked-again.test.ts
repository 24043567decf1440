import type { UIMessage } from 'ai';
import { expect, test } from 'vitest';
import type { ChatRequest } from '../../../agents/ai/log/chat-events.ts';
import { all, asked, type ChatWorld, chatWorld, says, topic, viewed } from './chat-world.ts';

/** An answer that a page goes on with: it has run the tool. */
const called: UIMessage = {
  id: 'a1',
  role: 'assistant',
  parts: [{ type: 'tool-where', toolCallId: 'c1', state: 'output-available', input: {}, output: 'Rome' }],
};

/** Makes a request, as a page does once more where it has heard nothing. @returns the run that answers it */
async function made({ manager }: ChatWorld, request: Omit<ChatRequest, 'chat' | 'trigger'>) {
  const accepted = new Promise<string | undefined>((resolve) => {
    const listener = manager.addListener(
      ({ data }: { data: { run?: string | undefined } }) => {
        manager.removeListener(listener);
        resolve(data.run);
      },
      { topic, types: ['chat_accepted'], filter: { request: request.run_id } },
    );
  });
  const whole: ChatRequest = { chat: 'c', trigger: 'submit-message', ...request };
  await manager.publish('chat_request', JSON.parse(JSON.stringify(whole)), { topic });
  return accepted;
}

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

test('a request to go on that is made again after its run has not ended well is answered by that run', async () => {
  const runs: string[] = [];
  await using world = chatWorld(async function* ({ runId }) {
    runs.push(runId);
    if (runs.length < 3) throw new Error('down');
    yield* says('Hi.');
  });
  const messages = [asked('u1'), called];
  const first = await made(world, { run_id: 'a', messages });
  await all(viewed(world, String(first)));
  expect(await made(world, { run_id: 'a', messages })).toBe(first);
  // Another request goes on, and is told of its own run too.
  const second = await made(world, { run_id: 'b', messages });
  await all(viewed(world, String(second)));
  expect(await made(world, { run_id: 'b', messages })).toBe(second);
  expect(await made(world, { run_id: 'a', messages })).toBe(first);
  expect(runs).toEqual([first, second]);
});
