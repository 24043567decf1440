import * as z from 'zod';
import type { BaseProcedure } from '../../server/index.ts';
import { DEFAULT_TOPIC, EventsError } from '../../shared/index.ts';
import { tellingErrors } from './telling-errors.ts';

/**
 * The procedures of the page's trials, for a server that is there to be tried. They go under any key of a router.
 *
 * @param lose loses the log of a topic; null where there are events that must not be lost
 */
export function trialProcedures<Ctx, Meta, Overrides>(
  base: BaseProcedure<Ctx, Meta, Overrides>,
  lose: ((topic: string) => void) | null,
) {
  const procedure = tellingErrors(base);
  return {
    /** Tells if the log may be lost here. */
    offered: procedure.query(() => ({ loseLog: lose !== null })),
    /** Loses the log of a topic, as a crash does: it begins anew, and everybody who follows it is told. */
    loseLog: procedure
      .input(z.strictObject({ topic: z.string().optional() }).optional())
      .mutation(({ input }) => {
        if (!lose) {
          const message =
            'The log of this server is not there to be lost: only a server in memory that no other machine reaches offers this trial.';
          throw new EventsError('FORBIDDEN', message);
        }
        lose(input?.topic ?? DEFAULT_TOPIC);
      }),
  };
}
