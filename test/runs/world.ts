import * as z from 'zod';
import type { DeliveredItem, EventManager, Runs, RunsOptions } from '../../server/index.ts';
import { runs } from '../../server/index.ts';
import {
  defineEvents,
  type EventName,
  ephemeral,
  growing,
  presence,
  question,
  runEvents,
} from '../../shared/index.ts';
import { openWorld } from '../open/world.ts';

/** A catalog of runs, and of what they say and are asked for. */
export const runCatalog = defineEvents({
  ...runEvents,
  note: z.object({ text: z.string() }),
  reply: growing(z.object({ agent_id: z.string(), text: z.string() }), 'text'),
  approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) }),
  viewer: presence(z.object({ name: z.string() })),
  hint: ephemeral(z.object({ run_id: z.string() })),
});
export type RunCatalog = typeof runCatalog;
export type RunManager = EventManager<RunCatalog>;

/** The topic of the tests' runs. */
export const topic = 'thread-7';

/** Managers with runs, in memory and on one clock. */
export function runWorld(options: RunsOptions = {}) {
  const world = openWorld({ catalog: runCatalog });
  const { clock } = world;
  const runsOf = (manager: RunManager): Runs<RunCatalog> => runs(manager, { topic, clock, ...options });
  return { ...world, runsOf, of: runsOf(world.manager) };
}

/** A promise, and what resolves it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Work that goes on until it is told to end, and then throws what it was told. */
export function untilAborted({ signal }: { signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

type Item = DeliveredItem<EventName<RunCatalog>, RunCatalog>;

/** An item in a few words: `run open`, `note 1`, `+text`, `gap trimmed`. */
export function wordsOf([, item]: Item): string {
  if (item.event_type === 'stream_gap') return `gap ${item.data.reason}`;
  if (item.event_type === 'stream_update') return 'text' in item.data ? `+${item.data.text}` : 'update';
  if (item.event_type === 'note') return `note ${item.data.text}`;
  if (item.event_type === 'reply') return `reply ${item.open?.state} ${item.data.text}`.trim();
  return 'open' in item && item.open ? `${item.event_type} ${item.open.state}` : item.event_type;
}

/** The items of a run in words, and the cursor of each. */
export async function followed(items: AsyncIterable<Item>): Promise<{ words: string[]; cursors: string[] }> {
  const words: string[] = [];
  const cursors: string[] = [];
  for await (const item of items) {
    words.push(wordsOf(item));
    cursors.push(item[0]);
  }
  return { words, cursors };
}
