import { type BaseEvent, EventType, type RunAgentInput } from '@ag-ui/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { agUiRuns } from '../../../agents/ag-ui/ag-ui-runs.ts';
import { plans, RandomRun, type RunPlan } from './random-events.ts';
import { madeOf, THREAD, TOPIC, threadManager, type Viewed, verify, view } from './viewers.ts';

const RUNS = Number(process.env['AGUI_RUNS'] ?? 60);

function inputOf(run: number): RunAgentInput {
  const messages = [{ id: `user-${run}`, role: 'user' as const, content: `Question ${run}` }];
  return {
    threadId: THREAD,
    runId: `run-${run}`,
    messages,
    tools: [],
    context: [],
    state: {},
    forwardedProps: {},
  };
}

/** The stream of a handler as one who was there from the beginning would be told it. */
function ownStream(run: number, events: readonly BaseEvent[]): BaseEvent[] {
  const input = inputOf(run);
  const ids = { threadId: THREAD, runId: input.runId };
  const ends: EventType[] = [EventType.RUN_FINISHED, EventType.RUN_ERROR];
  const isEnded = events.some(({ type }) => ends.includes(type));
  return [
    { type: EventType.RUN_STARTED, ...ids, input },
    ...events,
    ...(isEnded ? [] : [{ type: EventType.RUN_FINISHED, ...ids }]),
  ];
}

/** Runs a thread of made-up runs; viewers join while it goes on. */
async function runThread(runPlans: readonly RunPlan[], joins: readonly number[]) {
  const manager = threadManager();
  const agent = agUiRuns(manager);
  const own: BaseEvent[][] = [];
  const all = runPlans.length;
  const isOver = (told: readonly BaseEvent[]) =>
    told.filter(({ type }) => type === EventType.RUN_STARTED).length >= all;
  let synced = (): void => {};
  const live = view(manager, { isOver, onSynced: () => synced() });
  const late: Promise<Viewed>[] = [];
  let said = 0;
  for (const [run, plan] of runPlans.entries()) {
    const { events } = new RandomRun(run, plan);
    own.push(ownStream(run, events));
    async function* handler() {
      for (const event of events) {
        said += 1;
        if (joins.includes(said)) {
          const isLive = new Promise<void>((resolve) => {
            synced = resolve;
          });
          late.push(view(manager, { onSynced: () => synced() }));
          await isLive;
        }
        if (said % 3 === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
        yield event;
      }
    }
    await agent.start(handler, inputOf(run));
    await view(manager); // to its end
  }
  return { manager, own, live: await live, late: await Promise.all(late) };
}

test('every viewer is told a valid stream, and AG-UI makes the same of it, from whatever place it joins', async () => {
  const property = fc.asyncProperty(
    plans,
    fc.array(fc.nat(60), { maxLength: 4 }),
    fc.infiniteStream(fc.nat()),
    async (runPlans, joins, random) => {
      const { manager, own, live, late } = await runThread(runPlans, joins);
      try {
        const expected = await madeOf(...own);
        for (const viewed of [live, ...late, await view(manager)]) {
          await verify(viewed.events);
          if (viewed === live) expect(await madeOf(viewed.events)).toEqual(expected);
        }
        expect(await madeOf((await view(manager)).events)).toEqual(expected);
        // One who goes on from any of its places has the same in the end.
        for (const { told, place } of pick(live.places, random, 4)) {
          const rest = await view(manager, { place: JSON.parse(JSON.stringify(place)) });
          await verify(rest.events);
          expect(await madeOf(live.events.slice(0, told), rest.events)).toEqual(expected);
        }
        // One who joins at any cursor, and knows nothing of what was before.
        const { items } = await manager.history({ topic: TOPIC, openings: true, limit: 1000 });
        for (const { cursor } of pick(items, random, 4))
          await verify((await view(manager, { since: cursor })).events);
      } finally {
        await manager.close();
      }
    },
  );
  const { failed, seed, counterexamplePath, errorInstance, counterexample } = await fc.check(property, {
    numRuns: RUNS,
    ...(process.env['AGUI_SEED'] && {
      seed: Number(process.env['AGUI_SEED']),
      path: process.env['AGUI_PATH'] ?? '',
    }),
  });
  if (failed) {
    const stack = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
    throw new Error(
      `AGUI_SEED=${seed} AGUI_PATH=${counterexamplePath} replays it.\n${stack}\n${JSON.stringify(counterexample?.slice(0, 2))}`,
    );
  }
}, 60_000);

function pick<T>(of: readonly T[], random: Iterator<number>, count: number): T[] {
  const picked: T[] = [];
  for (let at = 0; at < count && of.length > 0; at += 1) {
    const one = of[(random.next().value ?? 0) % of.length];
    if (one !== undefined) picked.push(one);
  }
  return picked;
}
