import * as z from 'zod';
import { runs } from '../../server/index.ts';
import { defineEvents, ephemeral, growing, question, runEvents } from '../../shared/index.ts';
import { openWorld } from '../open/world.ts';

/** A catalog of runs, and of what they say and are asked for. */
export const runCatalog = defineEvents({
  ...runEvents,
  note: z.object({ text: z.string() }),
  reply: growing(z.object({ agent_id: z.string(), text: z.string() }), 'text'),
  approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) }),
  wanted: ephemeral(z.object({ run_id: z.string() })),
});
export type RunCatalog = typeof runCatalog;

/** The topic of the tests' runs. */
export const topic = 'thread-7';

/** A manager with runs, in memory and on one clock. */
export function runWorld() {
  const world = openWorld({ catalog: runCatalog });
  return { ...world, of: runs(world.manager, { topic, clock: world.clock }) };
}
