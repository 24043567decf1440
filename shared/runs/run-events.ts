import * as z from 'zod';
import { jsonValue } from '../data/bounded-schemas.ts';
import { subjectIdSchema } from '../events.ts';
import { growing } from '../open/kinds.ts';

/** Characters of a run's input, as JSON. */
const MAX_INPUT = 256 * 1024;
/** Characters of a run's kind. */
const MAX_KIND = 64;
/** Characters of the reason for which somebody stops a run. */
const MAX_STOP_REASON = 500;

/** A run is an event of its own: its opening is the start, its settlement the end, and its lease that of its process. */
const run = z
  .strictObject({
    run_id: subjectIdSchema,
    /** A word for the work that it is: `work`, `chat`. */
    kind: z.string().max(MAX_KIND),
    /** That which it was started with, for whoever reads the log. */
    input: jsonValue(),
    /** Empty while it runs and after a good end; then the words of its failure, or of who stopped it. */
    outcome: z.string(),
  })
  .refine(({ input }) => JSON.stringify(input).length <= MAX_INPUT, {
    path: ['input'],
    message: `has more than ${MAX_INPUT} characters as JSON`,
  });

/** The wish that a run be stopped. It is stored, so that none is missed; its `by` tells whose it was. */
const runStop = z.strictObject({
  run_id: subjectIdSchema,
  reason: z.string().max(MAX_STOP_REASON).optional(),
});

/**
 * The events of runs, for a catalog: `defineEvents({ ...runEvents, …your own })`. Let clients publish `run_stop` where they may
 * stop runs; `run` is for servers alone.
 */
export const runEvents = { run: growing(run, 'outcome'), run_stop: runStop };
