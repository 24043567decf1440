import { type BaseEvent, EventType, type RunAgentInput } from '@ag-ui/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { agUiRuns, GAP_EVENT } from '../../../agents/ag-ui/index.ts';
import { MemoryBroker } from '../../../server/broker/memory-broker.ts';
import { plans, RandomRun, type RunPlan } from './random-events.ts';
import { madeOf, THREAD, TOPIC, threadManager, type Viewed, verify, view } from './viewers.ts';

const RUNS = Number(process.env['AGUI_RUNS'] ?? 30);
const TIMEOUT = 100_000 + RUNS * 1000;

/** A run of more records than a short log keeps. */
const LONG_RUN: RunPlan = {
  choices: Array.from({ length: 30 }, (_, does) => ({ does, which: 0, text: 'a', more: false })),
  end: 'finished',
};

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
async function runThread(runPlans: readonly RunPlan[], joins: readonly number[], broker?: MemoryBroker) {
  const manager = threadManager(broker);
  const agent = agUiRuns(manager);
  const own: BaseEvent[][] = [];
  const all = runPlans.length;
  const tells = (runs: number) => (told: readonly BaseEvent[]) =>
    told.filter(({ type }) => type === EventType.RUN_STARTED).length >= runs;
  let synced = (): void => {};
  const live = view(manager, { isOver: tells(all), onSynced: () => synced() });
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
    // To its end: one who joins in the very moment of its start may be level with the log of right before.
    await view(manager, { isOver: tells(run + 1) });
  }
  return { manager, own, live: await live, late: await Promise.all(late) };
}

test(
  'every viewer is told a valid stream, and AG-UI makes the same of it, from whatever place it joins',
  async () => {
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
    await holds(property, RUNS);
  },
  TIMEOUT,
);

test(
  'a viewer of a log that was trimmed is told a valid stream, and that it missed something',
  async () => {
    let told = 0;
    const property = fc.asyncProperty(
      plans,
      fc.integer({ min: 2, max: 20 }),
      async (runPlans, maxRecords) => {
        const broker = new MemoryBroker({ maxRecords });
        const { manager, own } = await runThread(runPlans, [], broker);
        const elsewhere = threadManager(broker); // the process that ran it has the last records in memory
        try {
          const { events } = await view(elsewhere);
          await verify(events);
          const isTold = events.some(({ name }) => name === GAP_EVENT);
          if (!isTold) expect(await madeOf(events)).toEqual(await madeOf(...own));
          told += isTold ? 1 : 0;
          const { items } = await manager.history({ topic: TOPIC, openings: true, limit: 1000 });
          for (const { cursor } of items) await verify((await view(elsewhere, { since: cursor })).events);
        } finally {
          await manager.close();
          await elsewhere.close();
        }
      },
    );
    await holds(property, Math.ceil(RUNS / 3), [[[LONG_RUN], 2]]);
    expect(told).toBeGreaterThan(0); // the control: of the long run, most is trimmed
  },
  TIMEOUT,
);

/** Checks a property, first of all for the examples; a failure has the seed and the path that replay it. */
async function holds<T>(property: fc.IAsyncProperty<T>, numRuns: number, examples: T[] = []): Promise<void> {
  const { AGUI_SEED: own, AGUI_PATH: path = '' } = process.env;
  const replay = own === undefined ? {} : { seed: Number(own), path };
  const result = await fc.check(property, { numRuns, examples, ...replay });
  if (!result.failed) return;
  const { seed, counterexamplePath, errorInstance, counterexample } = result;
  const stack = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const [first] = Array.isArray(counterexample) ? counterexample : [];
  throw new Error(
    `AGUI_SEED=${seed} AGUI_PATH=${counterexamplePath} replays it.\n${stack}\n${JSON.stringify(first)}`,
  );
}

function pick<T>(of: readonly T[], random: Iterator<number>, count: number): T[] {
  const picked: T[] = [];
  for (let at = 0; at < count && of.length > 0; at += 1) {
    const one = of[(random.next().value ?? 0) % of.length];
    if (one !== undefined) picked.push(one);
  }
  return picked;
}
