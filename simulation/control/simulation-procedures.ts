import * as z from 'zod';
import type { BaseProcedure } from '../../server/index.ts';
import { asTRPCError } from '../../server/trpc/errors.ts';
import { DEFAULT_TOPIC, EventsError } from '../../shared/index.ts';
import type { Command } from './command.ts';
import { seedSchema, speedSchema, stimulusSchema } from './limits.ts';
import type { SimulationRegistry } from './simulation-registry.ts';

const NOT_TO_BE_LOST =
  'The log of this server is not there to be lost: it is in a file or in Redis, or other machines reach the server.';

/** Chooses the simulation; default the one on topic `default`. */
const which = z.strictObject({ topic: z.string().optional() });

/** Options of {@link simulationProcedures}. */
export interface SimulationProceduresOptions {
  /** Loses the log of a topic, for a server that is there to be tried: see `MemoryBroker.lose`. Default: it cannot be lost. */
  loseLog?: ((topic: string) => void) | undefined;
}

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
  { loseLog }: SimulationProceduresOptions = {},
) {
  const procedure = base.use(async ({ next }) => {
    const result = await next();
    if (!result.ok) throw asTRPCError(result.error);
    return result;
  });
  const tell = (command: Command, input: { topic?: string | undefined } | undefined) =>
    registry.perform(command, input?.topic);
  return {
    /** All simulations, with their topics: of this process, and of those that share the registry's broker. */
    list: procedure.query(() => registry.listAll()),
    state: procedure.input(which.optional()).query(({ input }) => tell({ action: 'state' }, input)),
    start: procedure.input(which.optional()).mutation(({ input }) => tell({ action: 'start' }, input)),
    pause: procedure.input(which.optional()).mutation(({ input }) => tell({ action: 'pause' }, input)),
    /** Takes one turn; answers when it is over. */
    step: procedure.input(which.optional()).mutation(({ input }) => tell({ action: 'step' }, input)),
    setSpeed: procedure
      .input(which.extend({ speed: speedSchema }))
      .mutation(({ input }) => tell({ action: 'setSpeed', speed: input.speed }, input)),
    /** Begins anew, with the same seed unless another is given. */
    reset: procedure
      .input(which.extend({ seed: seedSchema.optional() }).optional())
      .mutation(({ input }) => tell({ action: 'reset', seed: input?.seed }, input)),
    /** Says something to the agents from outside. */
    inject: procedure
      .input(which.extend({ text: stimulusSchema }))
      .mutation(({ input }) => tell({ action: 'inject', text: input.text }, input)),
    /** Tells if the log may be lost here. */
    mayLoseLog: procedure.query(() => loseLog !== undefined),
    /** Loses the log of a topic, as a crash does: it begins anew, and everybody who follows it is told. */
    loseLog: procedure.input(which.optional()).mutation(({ input }) => {
      if (!loseLog) throw new EventsError('FORBIDDEN', NOT_TO_BE_LOST);
      loseLog(input?.topic ?? DEFAULT_TOPIC);
    }),
  };
}
