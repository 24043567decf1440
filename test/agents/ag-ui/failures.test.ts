import { type BaseEvent, EventType, type Message } from '@ag-ui/core';
import { from } from 'rxjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { agUiRuns, GAP_EVENT, RUN_LOST } from '../../../agents/ag-ui/index.ts';
import { MemoryBroker } from '../../../server/broker/memory-broker.ts';
import { EventManager } from '../../../server/event-manager/event-manager.ts';
import { runs } from '../../../server/runs/runs.ts';
import { defineEvents, runEvents } from '../../../shared/index.ts';
import { FakeClock } from '../../simulation/fake-clock.ts';
import { catalog, inputOf, madeOf, question, TOPIC, threadManager, verify, view } from './viewers.ts';
import { agUiServer } from './world.ts';

const start: BaseEvent = { type: EventType.TEXT_MESSAGE_START, messageId: 'm1', role: 'assistant' };
const text = (delta: string): BaseEvent => ({ type: EventType.TEXT_MESSAGE_CONTENT, messageId: 'm1', delta });

// AG-UI's own agents print what ends a run.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const refused = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

test('a handler that throws ends its run with RUN_ERROR, and what it had said is closed', async () => {
  await using server = await agUiServer();
  const agent = server.agent();
  const told: BaseEvent[] = [];
  agent.subscribe({ onEvent: ({ event }) => void told.push(event) });
  const running = agent.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  run.say(start, text('I was'));
  run.end(new Error('The model is out.'));
  await running;
  expect(told.slice(-2)).toEqual([
    { type: EventType.TEXT_MESSAGE_END, messageId: 'm1' },
    { type: EventType.RUN_ERROR, message: 'The model is out.' },
  ]);
  expect(agent.messages).toMatchObject([{ content: 'I was' }]);
});

test('events that AG-UI does not take end their run with a typed RUN_ERROR; nothing of them is stored', async () => {
  await using server = await agUiServer();
  const wrong: BaseEvent[][] = [
    [text('of nothing')],
    [{ type: EventType.TEXT_MESSAGE_START, messageId: 7 }],
    [{ type: EventType.STEP_FINISHED, stepName: 'never' }],
    [{ type: EventType.RUN_FINISHED, threadId: 't', runId: 'r' }, text('after the end')],
    [{ type: EventType.STATE_SNAPSHOT, snapshot: { cents: 250n } }],
    ...[undefined, null, 'a text', {}].map((yielded) => [yielded as never]), // of a handler without types
  ];
  for (const [index, events] of wrong.entries()) {
    const agent = server.agent({ threadId: `t${index}` });
    const told: BaseEvent[] = [];
    agent.subscribe({ onEvent: ({ event }) => void told.push(event) });
    const running = agent.runAgent({ runId: `r${index}` });
    (await server.said.next()).say(...events);
    await running;
    expect(told.at(-1)).toMatchObject({ type: EventType.RUN_ERROR, code: 'INVALID_EVENT' });
    const { items } = await server.manager.history({
      topic: `agui-t${index}`,
      types: ['agui_text'],
      openings: true,
    });
    expect(items).toEqual([]);
  }
});

test('a handler may say its end itself: a result, an interrupt, an error with its code', async () => {
  await using server = await agUiServer();
  const ends: BaseEvent[] = [
    { type: EventType.RUN_FINISHED, threadId: 'another', runId: 'another', result: { sum: 42 } },
    {
      type: EventType.RUN_FINISHED,
      threadId: 't',
      runId: 'r',
      outcome: { type: 'interrupt', interrupts: [{ id: 'i1', reason: 'approval' }] },
    },
    { type: EventType.RUN_ERROR, message: 'No.', code: 'REFUSED' },
  ];
  const told: BaseEvent[] = [];
  for (const [index, end] of ends.entries()) {
    const agent = server.agent({ threadId: `t${index}` });
    agent.subscribe({ onEvent: ({ event }) => void told.push(event) });
    const running = agent.runAgent({ runId: `r${index}` });
    (await server.said.next()).say(end);
    server.said.runs[index]?.end();
    await running;
    const own = end.type === EventType.RUN_FINISHED ? { threadId: `t${index}`, runId: `r${index}` } : {};
    expect(told.at(-1)).toEqual({ ...end, ...own });
  }
});

test('a thread whose id is no topic, and a request that is too large, are refused by name', async () => {
  await using server = await agUiServer();
  await expect(server.agent({ threadId: 'a thread' }).runAgent()).rejects.toEqual(refused('INVALID_TOPIC'));
  const agent = server.agent();
  agent.addMessage({ ...question, content: 'x'.repeat(3_000_000) });
  await expect(agent.runAgent()).rejects.toEqual(refused('INVALID_OPTION', 'agui_request: the server'));
  expect(server.said.runs).toEqual([]);
});

test('the first run of AG-UI tells all messages of its thread, also beside a run of another kind', async () => {
  const manager = threadManager();
  await runs(manager, { topic: TOPIC }).start(async () => {}, { kind: 'index' });
  const messages: Message[] = [
    question,
    { id: 'a1', role: 'assistant', content: 'Yes.' },
    { ...question, id: 'u2' },
  ];
  await agUiRuns(manager).start(() => from<BaseEvent[]>([]), { ...inputOf('r1'), messages });
  expect((await madeOf((await view(manager)).events)).messages).toEqual(messages);
  await manager.close();
});

test('a stranger without claims neither asks nor looks on; a viewer without the claim to stop stops nothing', async () => {
  const topics = ['agui-*'];
  const subscribe = ['run', 'agui_text', 'agui_tool_call', 'agui_event'];
  const claims = {
    asker: { topics, subscribe, publish: ['agui_request', 'run_stop'] },
    viewer: { topics, subscribe, publish: [] },
  };
  await using server = await agUiServer({
    authenticate: ({ token }) => {
      const id = token === 'asker' || token === 'viewer' ? token : 'stranger';
      return { id, claims: id === 'stranger' ? { topics: [], subscribe: [], publish: [] } : claims[id] };
    },
  });
  const stranger = server.agent({ token: 'stranger' });
  await expect(stranger.runAgent()).rejects.toEqual(refused('FORBIDDEN'));
  await expect(stranger.connectAgent()).rejects.toEqual(refused('FORBIDDEN'));
  const onError = vi.fn();
  const viewer = server.agent({ token: 'viewer', onError });
  await expect(viewer.runAgent()).rejects.toEqual(refused('FORBIDDEN'));
  const asker = server.agent({ token: 'asker' });
  const running = asker.runAgent({ runId: 'r1' });
  const run = await server.said.next();
  expect(run.context.by).toBe('asker');
  run.say(start, text('Mine'));
  const watching = viewer.connectAgent();
  await expect.poll(() => viewer.messages).toMatchObject([{ content: 'Mine' }]);
  viewer.abortRun();
  await expect.poll(() => onError.mock.calls).toEqual([[refused('FORBIDDEN')]]);
  expect(run.context.signal.aborted).toBe(false);
  run.end();
  await Promise.all([running, watching]);
});

test('a run whose node died ends as RUN_LOST for those who watch and those who come later, with the text that it had', async () => {
  const clock = new FakeClock();
  const broker = new MemoryBroker({ now: () => clock.time() });
  const node = new EventManager({ catalog, broker, clock: new FakeClock() }); // it renews no lease
  const manager = new EventManager({ catalog, broker, clock });
  await agUiRuns(node).start(async function* () {
    yield start;
    yield text('Last words');
    await new Promise(() => {});
  }, inputOf('r1'));
  let live = false;
  const watching = view(manager, {
    onSynced: () => {
      live = true;
    },
  });
  await expect
    .poll(async () => {
      await clock.advance(100);
      return live;
    })
    .toBe(true);
  let isOver = false;
  const told = watching.finally(() => {
    isOver = true;
  });
  await expect
    .poll(async () => {
      await clock.advance(1000);
      return isOver;
    })
    .toBe(true);
  for (const { events } of [await told, await view(manager)]) {
    await verify(events);
    expect(events.at(-1)).toMatchObject({ type: EventType.RUN_ERROR, code: RUN_LOST });
    expect((await madeOf(events)).messages).toMatchObject([question, { content: 'Last words' }]);
  }
  await manager.close();
});

test('a viewer of a log that was trimmed is told so, and is told a valid stream', async () => {
  const manager = threadManager(new MemoryBroker({ maxRecords: 40 }));
  const agent = agUiRuns(manager);
  const notes = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ type: EventType.CUSTOM, name: 'n', value: n }));
  await agent.start(async function* () {
    yield start;
    yield* [text('gone'), { type: EventType.STEP_STARTED, stepName: 's' }, ...notes(60)];
    yield* [
      { type: EventType.STEP_FINISHED, stepName: 's' },
      { type: EventType.TEXT_MESSAGE_END, messageId: 'm1' },
    ];
  }, inputOf('r1'));
  await view(manager); // to its end
  const { events } = await view(manager);
  await verify(events);
  const gaps = events.filter(({ name }) => name === GAP_EVENT);
  expect(gaps).toEqual([expect.objectContaining({ value: expect.objectContaining({ reason: 'trimmed' }) })]);
  expect(events.at(-1)).toMatchObject({ type: EventType.RUN_FINISHED, runId: 'r1' });
  await manager.close();
});

test('control: a viewer that is handed stored events as they are breaks the rules', async () => {
  const manager = threadManager();
  await agUiRuns(manager).start(async function* () {
    yield* [start, text('a'), { type: EventType.CUSTOM, name: 'n', value: 1 }];
    yield* [{ type: EventType.TEXT_MESSAGE_END, messageId: 'm1', metadata: { tokens: 1 } }];
  }, inputOf('r1'));
  const { events } = await view(manager); // to its end
  const types = ['agui_event', 'agui_text'] as const;
  const { items } = await manager.history({ topic: TOPIC, types, openings: true });
  const stored = items.map(({ event: { data } }) => ('chunk' in data ? data.chunk : data.start));
  const naive: BaseEvent[] = stored.map((event) => ({
    ...event,
    type: EventType[event.type as keyof typeof EventType],
  }));
  expect(naive.map(({ type }) => type)).toEqual([
    EventType.RUN_STARTED,
    EventType.TEXT_MESSAGE_START,
    EventType.CUSTOM,
    EventType.TEXT_MESSAGE_END,
    EventType.TEXT_MESSAGE_START,
  ]);
  await expect(verify(naive.slice(1))).rejects.toThrow("First event must be 'RUN_STARTED'");
  await expect(verify([...naive.slice(0, 1), ...naive.slice(2)])).rejects.toThrow('No active text message');
  await expect(verify([...naive, ...events.slice(-1)])).rejects.toThrow('still active');
  await verify(events);
  await manager.close();
});

test('a manager without the events of AG-UI is refused', async () => {
  const manager = new EventManager({ catalog: defineEvents(runEvents), broker: new MemoryBroker() });
  expect(() => agUiRuns(manager as never)).toThrow(refused('INVALID_OPTION', 'agui_request'));
  await manager.close();
});
