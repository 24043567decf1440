import { type BaseEvent, EventType } from '@ag-ui/core';
import { Observable } from 'rxjs';
import { expect, test } from 'vitest';
import { agUiRuns } from '../../../agents/ag-ui/index.ts';
import { runs } from '../../../server/index.ts';
import { THREAD, TOPIC, threadManager, verify, view } from './viewers.ts';

const input = {
  threadId: THREAD,
  runId: 'r1',
  messages: [],
  tools: [],
  context: [],
  state: {},
  forwardedProps: {},
};

test('an Observable is unsubscribed from when its run is stopped, though it says nothing any more', async () => {
  const manager = threadManager();
  let isWatched = false;
  const said = new Observable<BaseEvent>((subscriber) => {
    isWatched = true;
    subscriber.next({ type: EventType.TEXT_MESSAGE_START, messageId: 'm1', role: 'assistant' });
    subscriber.next({ type: EventType.TEXT_MESSAGE_CONTENT, messageId: 'm1', delta: 'I was' });
    return () => {
      isWatched = false;
    };
  });
  await agUiRuns(manager).start(() => said, input);
  await expect.poll(() => isWatched).toBe(true);
  await runs(manager, { topic: TOPIC }).stop('r1');
  await expect.poll(() => isWatched).toBe(false);
  const { events } = await view(manager);
  await verify(events);
  expect(events.slice(-2)).toMatchObject([
    { type: EventType.TEXT_MESSAGE_END },
    { type: EventType.RUN_FINISHED, outcome: { type: 'cancelled' } },
  ]);
  await manager.close();
});

test('a stored event whose type is a name that every object has keeps nobody from its thread', async () => {
  const manager = threadManager();
  await agUiRuns(manager).start(async function* (): AsyncGenerator<BaseEvent> {
    for (const type of ['constructor', '__proto__', 'toString'])
      await manager.publish('agui_event', { run_id: 'r1', chunk: { type } }, { topic: TOPIC });
    yield { type: EventType.STEP_STARTED, stepName: 's' } as BaseEvent;
    yield { type: EventType.STEP_FINISHED, stepName: 's' } as BaseEvent;
  }, input);
  const { events } = await view(manager);
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['STEP_STARTED', 'RUN_FINISHED']));
  await manager.close();
});

test('a handler that returns neither an async iterable nor an Observable is told what to return', async () => {
  for (const returned of [undefined, Promise.resolve([])]) {
    const manager = threadManager();
    await agUiRuns(manager).start(() => returned as never, input);
    const { events } = await view(manager);
    const message = expect.stringContaining("A handler returns AG-UI's events as an async generator does");
    expect(events.at(-1)).toEqual({ type: EventType.RUN_ERROR, message });
    await manager.close();
  }
});
