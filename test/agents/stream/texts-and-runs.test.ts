import { type BaseEvent, EventType } from '@ag-ui/core';
import { expect, test } from 'vitest';
import { AgUiDialect } from '../../../agents/ag-ui/ag-ui-dialect.ts';
import { type Output, StreamWriter } from '../../../agents/stream/stream-writer.ts';
import { type RunContext, runs } from '../../../server/index.ts';
import { deferred } from '../../support/deferred.ts';
import { type catalog, madeOf, THREAD, TOPIC, threadManager, verify, view } from '../ag-ui/viewers.ts';

type Run = RunContext<typeof catalog>;

const start = (messageId: string): BaseEvent => ({
  type: EventType.TEXT_MESSAGE_START,
  messageId,
  role: 'assistant',
});
const text = (messageId: string, delta: string): BaseEvent => ({
  type: EventType.TEXT_MESSAGE_CONTENT,
  messageId,
  delta,
});
const end = (messageId: string): BaseEvent => ({
  type: EventType.TEXT_MESSAGE_END,
  messageId,
  metadata: { tokens: 3 },
});

const writerOf = (run: Run, maxText?: number) =>
  new StreamWriter<BaseEvent>(new AgUiDialect(THREAD), run.id, run as unknown as Output, {
    ...(maxText && { maxText }),
  });

test('a text that is too long for one event goes on in others, and is one message from every place', async () => {
  const manager = threadManager();
  const said = 'Emoji 😀😀😀 are two units each, and are not cut in two.';
  const live = view(manager, { isOver: (told) => told.length > 0 });
  const run = await runs(manager, { topic: TOPIC }).start(
    async (context) => {
      const writer = writerOf(context, 7);
      await writer.write(start('m1'));
      for (const word of said.split(/(?<= )/)) await writer.write(text('m1', word));
      await writer.write(end('m1'));
    },
    { kind: 'ag-ui' },
  );
  await run.ended;
  const { items } = await manager.history({ topic: TOPIC, types: ['agui_text'] });
  expect(items.map(({ event }) => event.data.n)).toEqual(items.map((_, n) => n));
  expect(items.length).toBeGreaterThan(6);
  const message = { id: 'm1', role: 'assistant', content: said, metadata: { tokens: 3 } };
  const { events, places } = await live;
  const late = await view(manager);
  for (const told of [events, late.events]) {
    await verify(told);
    expect((await madeOf(told)).messages).toEqual([message]);
  }
  for (const { told, place } of places) {
    const rest = await view(manager, { place });
    await verify(rest.events);
    expect((await madeOf(events.slice(0, told), rest.events)).messages).toEqual([message]);
  }
  await manager.close();
});

test('runs that go on at the same time are told one after the other, from every place', async () => {
  const manager = threadManager();
  const thread = runs(manager, { topic: TOPIC });
  const [gate, turn] = [deferred(), deferred()];
  const live = view(manager, {
    isOver: (told) => told.filter(({ type }) => type === EventType.RUN_FINISHED).length === 2,
  });
  const first = await thread.start(
    async (context) => {
      const writer = writerOf(context);
      await writer.write(start('a'));
      await writer.write(text('a', 'First '));
      gate.resolve();
      await turn.promise;
      await writer.write({
        type: EventType.TOOL_CALL_RESULT,
        messageId: 'x',
        toolCallId: 'c',
        content: 'once',
      });
      await writer.write(text('a', 'word'));
      await writer.write(end('a'));
    },
    { id: 'one', kind: 'ag-ui' },
  );
  await gate.promise;
  const second = await thread.start(
    async (context) => {
      const writer = writerOf(context);
      await writer.write(start('b'));
      await writer.write(text('b', 'Second'));
      await writer.write(end('b'));
    },
    { id: 'two', kind: 'ag-ui' },
  );
  await second.ended;
  turn.resolve();
  await first.ended;
  const { events, places } = await live;
  await verify(events);
  const order = (told: readonly BaseEvent[]) =>
    told.flatMap(({ runId, type }) => (runId ? [`${type} ${runId}`] : []));
  expect(order(events)).toEqual([
    'RUN_STARTED one',
    'RUN_FINISHED one',
    'RUN_STARTED two',
    'RUN_FINISHED two',
  ]);
  const { messages } = await madeOf(events);
  expect(messages.map(({ id, content }) => [id, content])).toEqual([
    ['a', 'First word'],
    ['x', 'once'],
    ['b', 'Second'],
  ]);
  for (const { told, place } of places) {
    const rest = await view(manager, { place: JSON.parse(JSON.stringify(place)) });
    await verify(rest.events);
    expect((await madeOf(events.slice(0, told), rest.events)).messages).toEqual(messages);
  }
  await manager.close();
});

test('runs that were told are not told again beside others that go on, from every place', async () => {
  const manager = threadManager();
  const thread = runs(manager, { topic: TOPIC });
  const ids = ['a', 'b', 'c', 'd'];
  const live = view(manager, {
    isOver: (told) => told.filter(({ type }) => type === EventType.RUN_FINISHED).length === ids.length,
  });
  const writers = [];
  for (const id of ids) {
    const [begun, turn] = [deferred(), deferred()];
    const { ended } = await thread.start(
      async (context) => {
        const writer = writerOf(context);
        await writer.write(start(id));
        begun.resolve();
        await turn.promise;
        await writer.write(text(id, `Word of ${id}`));
        await writer.write(end(id));
      },
      { id, kind: 'ag-ui' },
    );
    await begun.promise;
    writers.push({ turn, ended });
  }
  for (const { turn, ended } of writers) {
    turn.resolve();
    await ended;
  }
  const { events, places } = await live;
  const { messages } = await madeOf(events);
  expect(messages.map(({ content }) => content)).toEqual(ids.map((id) => `Word of ${id}`));
  for (const { told, place } of places) {
    const rest = await view(manager, { place: JSON.parse(JSON.stringify(place)) });
    await verify(rest.events);
    expect((await madeOf(events.slice(0, told), rest.events)).messages).toEqual(messages);
  }
  await manager.close();
});

test('a text of what is not open is no part of a stream', async () => {
  const manager = threadManager();
  const run = await runs(manager, { topic: TOPIC }).start((context) =>
    writerOf(context).write(text('m1', 'of nothing')),
  );
  expect(await run.ended).toMatchObject({ state: 'failed', outcome: expect.stringContaining('is not open') });
  await manager.close();
});
