import { z } from 'zod';
import { asTRPCError, type BaseProcedure } from '../../server/index.ts';
import { seedSchema, speedSchema, stimulusSchema } from '../limits.ts';
import type { SimulationRegistry } from '../simulation-registry.ts';

/** Which simulation; default the one on topic `default`. */
const which = z.strictObject({ topic: z.string().optional() });

/**
 * The procedures that show and control simulations, as a record that goes under any key of a router. They are built
 * on your own procedure: who may use them is what it lets through. Each answers the state it led to.
 *
 * @example
 * t.router({ simulation: simulationProcedures(registry, t.procedure.use(requireUser)) })
 */
export function simulationProcedures<Ctx, Meta, Overrides>(
  registry: SimulationRegistry,
  base: BaseProcedure<Ctx, Meta, Overrides>,
) {
  const procedure = base.use(async ({ next }) => {
    const result = await next();
    if (!result.ok) throw asTRPCError(result.error);
    return result;
  });
  const find = (input: { topic?: string | undefined } | undefined) => registry.get(input?.topic);
  return {
    /** All simulations of the process, with their topics. */
    list: procedure.query(() => registry.list()),
    state: procedure.input(which.optional()).query(({ input }) => find(input).state),
    start: procedure.input(which.optional()).mutation(({ input }) => find(input).start()),
    pause: procedure.input(which.optional()).mutation(({ input }) => find(input).pause()),
    /** Takes one turn; answers when it is over. */
    step: procedure.input(which.optional()).mutation(({ input }) => find(input).step()),
    setSpeed: procedure
      .input(which.extend({ speed: speedSchema }))
      .mutation(({ input }) => find(input).setSpeed(input.speed)),
    /** Begins anew, with the same seed unless another is given. */
    reset: procedure
      .input(which.extend({ seed: seedSchema.optional() }).optional())
      .mutation(({ input }) => find(input).reset({ seed: input?.seed })),
    /** Says something to the agents from outside. */
    inject: procedure
      .input(which.extend({ text: stimulusSchema }))
      .mutation(({ input }) => find(input).inject(input.text)),
  };
}
