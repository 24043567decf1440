import { deepEqual, equal } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { size } from '../../faults/chaos.ts';
import { until } from '../../setup/until.ts';
import { type Cell, type Outcome, runOf, type View, viewOf } from './outcome.ts';
import { ALL, MID_TOKEN, MID_TOOL_CALL, writtenAfter } from './stand-in/script.ts';
import type { OpenPage, World } from './world.ts';

/** Ms for which the network is cut. */
const CUT_MS = size(300, 30_000);

/** Ms after which nothing comes any more to a page that waits for a second. */
const WAIT_MS = 3_000;

/** One row of the table. */
export interface Happening {
  /** The page that the outcome tells of. */
  readonly page: string;
  /** @param expected of which this waits for what takes a while; the outcome is what was seen. */
  happen(world: World, expected: Cell): Promise<Outcome>;
}

/** The rows, by their names. */
export const HAPPENINGS = {
  'close the tab': {
    page: 'a page opened afterwards',
    async happen(world) {
      await (await begin(world, MID_TOKEN)).close();
      await world.settle();
      await finish(world);
      return { run: runOf(world.model.asked, 'is aborted'), page: await load(world) };
    },
  },
  'reload in mid-token': { page: 'the reloaded page', happen: (world) => reload(world, MID_TOKEN) },
  'reload in mid-tool-call': { page: 'the reloaded page', happen: (world) => reload(world, MID_TOOL_CALL) },
  'two viewers': {
    page: 'the second viewer',
    async happen(world) {
      const first = await begin(world, MID_TOKEN);
      const second = await join(world, first);
      await finish(world);
      await idle(first, second);
      deepEqual(viewOf(first), { shows: 'all', told: 'nothing' });
      return { run: runOf(world.model.asked, 'is aborted'), page: viewOf(second) };
    },
  },
  'stop from the second viewer': {
    page: 'the first viewer',
    async happen(world, expected) {
      const first = await begin(world, MID_TOKEN);
      const second = await join(world, first);
      await second.stop();
      await world.settle();
      if (expected.run === 'is stopped') await left(world);
      await finish(world);
      await idle(first, second);
      return { run: runOf(world.model.asked, 'is stopped'), page: viewOf(first) };
    },
  },
  'server killed': {
    page: 'the page',
    async happen(world, { reload }) {
      const page = await begin(world, MID_TOKEN);
      const mayWait = reload?.told === 'an error or nothing';
      await world.killServer();
      await left(world);
      await finish(world);
      await idle(page);
      return {
        run: runOf(world.model.asked, 'is lost'),
        page: viewOf(page),
        reload: await load(world, mayWait),
      };
    },
  },
  'network cut for 30 s': {
    page: 'the page',
    async happen(world) {
      const page = await begin(world, MID_TOKEN);
      page.line.cut();
      await world.settle();
      world.model.release(MID_TOOL_CALL);
      await sleep(CUT_MS);
      page.line.mend();
      await finish(world);
      await idle(page);
      return { run: runOf(world.model.asked, 'is aborted'), page: viewOf(page), reload: await load(world) };
    },
  },
  'trimmed log': {
    page: 'a page opened afterwards',
    async happen(world) {
      const first = await begin(world, ALL - 1);
      await world.trim();
      const second = await join(world, first);
      await finish(world);
      await idle(first, second);
      return { run: runOf(world.model.asked, 'is aborted'), page: viewOf(second) };
    },
  },
} satisfies Record<string, Happening>;

export type Row = keyof typeof HAPPENINGS;

/** A page asks, and shows the first steps of the reply. */
async function begin(world: World, steps: number): Promise<OpenPage> {
  const page = await world.open();
  page.load();
  await idle(page);
  page.send();
  world.model.release(steps);
  await until(`a page that shows ${steps} steps`, async () => page.shown() === writtenAfter(steps));
  await world.hasBegun();
  return page;
}

/** A further page: shows what the other one shows, or is told something, or nothing comes. */
async function join(world: World, other: OpenPage): Promise<OpenPage> {
  const page = await world.open();
  page.load();
  const isLevel = () => page.isIdle() || page.shown() === other.shown() || page.told() !== 'nothing';
  await until('a page that shows what the other one does', async () => isLevel());
  return page;
}

async function reload(world: World, steps: number): Promise<Outcome> {
  const before = await begin(world, steps);
  await before.close();
  await world.settle();
  const after = await join(world, before);
  await finish(world);
  await idle(after);
  return { run: runOf(world.model.asked, 'is aborted'), page: viewOf(after) };
}

/** The stand-in gives the rest, to whom is still there. */
async function finish(world: World): Promise<void> {
  world.model.release(ALL);
  const { asked } = world.model;
  await until('the end of the reply', async () => asked.every(({ state }) => state !== 'open'));
  equal(asked.length, 1); // nothing has asked again
}

/** Resolves once the agent has let go of the stand-in's reply. */
async function left(world: World): Promise<void> {
  await until('an agent that leaves', async () => world.model.asked[0]?.state === 'left');
}

/** A page that is loaded when all is over. @param mayWait it may wait for ever for what does not come */
async function load(world: World, mayWait = false): Promise<View> {
  const page = await world.open();
  page.load();
  if (mayWait) await Promise.race([idle(page), sleep(WAIT_MS)]);
  else await idle(page);
  return viewOf(page);
}

async function idle(...pages: OpenPage[]): Promise<void> {
  for (const page of pages) await until('a page where nothing goes on', async () => page.isIdle());
}
