import { HttpAgent } from '@ag-ui/client';
import { type BaseEvent, EventType, type Message } from '@ag-ui/core';
import { expect, test } from 'vitest';
import type { ResumableAgent } from '../../../agents/ag-ui/index.ts';
import { agUiServer } from './world.ts';

const start = (messageId = 'm1'): BaseEvent => ({
  type: EventType.TEXT_MESSAGE_START,
  messageId,
  role: 'assistant',
});
const text = (delta: string, messageId = 'm1'): BaseEvent => ({
  type: EventType.TEXT_MESSAGE_CONTENT,
  messageId,
  delta,
});
const end = (messageId = 'm1'): BaseEvent => ({ type: EventType.TEXT_MESSAGE_END, messageId });

const question: Message = { id: 'u1', role: 'user', content: 'Well?' };
const answer = (content: string, id = 'm1') => ({ id, role: 'assistant', content });

/** Types of the events that an agent is told. */
function toldTo(agent: ResumableAgent): BaseEvent[] {
  const told: BaseEvent[] = [];
  agent.subscribe({ onEvent: ({ event }) => void told.push(event) });
  return told;
}

test('a run that is left goes on, and who connects again is told the rest, and nothing twice', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  agent.addMessage(question);
  expect(agent).toBeInstanceOf(HttpAgent);
  const running = agent.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  expect(run.input.messages).toEqual([question]);
  run.say(start(), text('Once '));
  await expect.poll(() => agent.messages).toEqual([question, answer('Once ')]);
  await agent.detachActiveRun();
  await running;
  expect(run.context.signal.aborted).toBe(false);
  run.say(text('upon '));
  const told = toldTo(agent);
  const again = agent.connectAgent();
  await expect.poll(() => agent.messages).toEqual([question, answer('Once upon ')]);
  run.say(text('a time.'), end());
  run.end();
  await again;
  expect(agent.messages).toEqual([question, answer('Once upon a time.')]);
  expect(
    told
      .filter(({ type }) => type === EventType.TEXT_MESSAGE_CONTENT)
      .map(({ delta }) => delta)
      .join(''),
  ).toBe('upon a time.');
  expect(told.at(-1)).toMatchObject({ type: EventType.RUN_FINISHED, runId: 'r1' });
  told.length = 0;
  await agent.connectAgent(); // nothing runs
  expect(told).toEqual([]);
});

test('any number of viewers follow a run, from its middle too; one that stops it stops it for all', async () => {
  await using server = await agUiServer();
  const [first, second] = [server.agent(), server.agent()];
  const told = [toldTo(first), toldTo(second)];
  first.addMessage(question);
  const running = first.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start(), text('On and '));
  await expect.poll(() => first.messages.length).toBe(2);
  const watching = second.connectAgent();
  await expect.poll(() => second.messages).toEqual([question, answer('On and ')]);
  run.say(text('on'));
  for (const agent of [first, second])
    await expect.poll(() => agent.messages[1]).toEqual(answer('On and on'));
  second.abortRun();
  await Promise.all([running, watching]);
  expect(run.context.signal.reason.message).toBe('Stopped');
  for (const events of told)
    expect(events.at(-1)).toMatchObject({ type: EventType.RUN_FINISHED, outcome: { type: 'cancelled' } });
});

test('a run goes on when its agent is gone, and another agent is told the thread from its beginning', async () => {
  await using server = await agUiServer();
  const gone = server.agent();
  gone.addMessage(question);
  void gone.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start(), text('Still '));
  await gone.close();
  run.say(text('here.'), end());
  run.say({ type: EventType.STATE_SNAPSHOT, snapshot: { mood: 'calm' } });
  run.end();
  // What it had of the thread would be there twice.
  const other = server.agent({ initialMessages: [question], initialState: { mood: 'old' } });
  await other.connectAgent();
  expect(other.messages).toEqual([question, answer('Still here.')]);
  expect(other.state).toEqual({ mood: 'calm' });
});

test('an agent made with a cursor goes on in the midst of a text, with the messages that were kept with it', async () => {
  await using server = await agUiServer();
  const before = server.agent();
  before.addMessage(question);
  const running = before.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start(), text('One, '), { type: EventType.STATE_SNAPSHOT, snapshot: { list: [] } });
  run.say({ type: EventType.STATE_DELTA, delta: [{ op: 'add', path: '/list/-', value: 1 }] });
  await expect.poll(() => before.state).toEqual({ list: [1] });
  const kept = JSON.parse(
    JSON.stringify({ cursor: before.cursor, initialMessages: before.messages, initialState: before.state }),
  );
  run.say(text('two.'), end());
  run.end();
  await running;
  const after = server.agent(kept);
  const told = toldTo(after);
  await after.connectAgent();
  expect(after.messages).toEqual(before.messages);
  expect(after.messages).toEqual([question, answer('One, two.')]);
  expect(after.state).toEqual({ list: [1] });
  expect(told.filter(({ type }) => type === EventType.STATE_DELTA)).toEqual([]);
  expect(() => server.agent({ cursor: 'nonsense' })).toThrow(
    expect.objectContaining({ code: 'INVALID_CURSOR' }),
  );
});

test('an agent that asks is told before what others have said in its thread since', async () => {
  await using server = await agUiServer();
  const [first, second] = [server.agent(), server.agent()];
  first.addMessage(question);
  const one = first.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start(), text('A.'), end());
  run.end();
  await one;
  await second.connectAgent();
  second.addMessage({ id: 'u2', role: 'user', content: 'More?' });
  const two = second.runAgent({ runId: 'r2' });
  const next = await server.said.next();
  expect(next.input.messages.map(({ id }) => id)).toEqual(['u1', 'm1', 'u2']);
  next.say(start('m2'), text('B.', 'm2'), end('m2'));
  next.end();
  await two;
  first.addMessage({ id: 'u3', role: 'user', content: 'And?' });
  const three = first.runAgent({ runId: 'r3' });
  (await server.said.next()).end();
  await three;
  expect(first.messages.map(({ id }) => id)).toEqual(['u1', 'm1', 'u3', 'u2', 'm2']);
  const third = server.agent();
  await third.connectAgent();
  expect(third.messages.map(({ id }) => id)).toEqual(['u1', 'm1', 'u2', 'm2', 'u3']);
});

test('a clone has a life of its own, in the same place', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  agent.addMessage(question);
  const running = agent.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start(), text('Twice'));
  await expect.poll(() => agent.messages.length).toBe(2);
  const clone = agent.clone();
  expect(clone.cursor).toBe(agent.cursor);
  const watching = clone.connectAgent();
  run.say(end());
  run.end();
  await Promise.all([running, watching]);
  expect(clone.messages).toEqual([question, answer('Twice')]);
  expect(clone.messages).not.toBe(agent.messages);
});

test('a tool call is told with its arguments as they come, and its result', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  const running = agent.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  const toolCallId = 'c1';
  run.say({ type: EventType.TOOL_CALL_START, toolCallId, toolCallName: 'weather' });
  run.say({ type: EventType.TOOL_CALL_ARGS, toolCallId, delta: '{"city":' });
  const late = server.agent();
  const watching = late.connectAgent();
  await expect
    .poll(() => late.messages)
    .toMatchObject([{ toolCalls: [{ function: { arguments: '{"city":' } }] }]);
  run.say({ type: EventType.TOOL_CALL_ARGS, toolCallId, delta: '"Ulm"}' });
  run.say({ type: EventType.TOOL_CALL_END, toolCallId, metadata: { ms: 3 } });
  run.say({ type: EventType.TOOL_CALL_RESULT, toolCallId, messageId: 'x1', content: 'rain' });
  run.end();
  await Promise.all([running, watching]);
  const call = {
    id: toolCallId,
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"Ulm"}' },
    metadata: { ms: 3 },
  };
  for (const { messages } of [agent, late])
    expect(messages).toMatchObject([{ toolCalls: [call] }, { role: 'tool', toolCallId, content: 'rain' }]);
});

test('an abort before the run has begun stops it, too', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  const told = toldTo(agent);
  const abortController = new AbortController();
  const running = agent.runAgent({ runId: 'r1', abortController });
  const run = await server.said.next();
  abortController.abort();
  await running;
  expect(run.context.signal.aborted).toBe(true);
  expect(told.at(-1)).toMatchObject({ type: EventType.RUN_FINISHED, outcome: { type: 'cancelled' } });
});

test('an abort before the run is asked for has it never asked for', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  const running = agent.runAgent({ runId: 'r1' });
  agent.abortRun();
  await running;
  const abortController = new AbortController();
  abortController.abort();
  await agent.runAgent({ runId: 'r2', abortController });
  const next = agent.runAgent({ runId: 'r3' }); // an abort is of one run
  (await server.said.next()).end();
  await next;
  expect(server.said.runs.map(({ input }) => input.runId)).toEqual(['r3']);
});

test('an agent goes by server-sent events where its transports say so', async () => {
  await using server = await agUiServer();
  const agent = server.agent({
    transports: ['sse'],
    WebSocket: class {
      constructor() {
        throw new Error('There is no WebSocket here.');
      }
    } as never,
  });
  agent.addMessage(question);
  const running = agent.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start(), text('By '));
  await expect.poll(() => agent.messages).toEqual([question, answer('By ')]);
  run.say(text('events.'), end());
  run.end();
  await running;
  expect(agent.messages).toEqual([question, answer('By events.')]);
  expect(() => server.agent({ transports: [] })).toThrow('transports must be');
});

test('a new agent that has asked is told later what another has asked meanwhile, from its beginning', async () => {
  await using server = await agUiServer();
  const [one, other] = [server.agent(), server.agent()];
  one.addMessage(question);
  const running = one.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start(), text('Mine'), end());
  await expect.poll(() => one.messages).toEqual([question, answer('Mine')]);
  const second: Message = { id: 'u2', role: 'user', content: 'And I?' };
  other.addMessage(second);
  const asking = other.runAgent({ runId: 'r2' });
  const beside = await server.said.next();
  beside.say(start('m2'), text('Yours', 'm2'), end('m2'));
  await expect.poll(() => other.messages).toEqual([second, answer('Yours', 'm2')]);
  run.end();
  await running;
  expect(one.messages).toEqual([question, answer('Mine')]);
  beside.end();
  await asking;
  await one.connectAgent();
  expect(one.messages).toEqual([question, answer('Mine'), second, answer('Yours', 'm2')]);
});
