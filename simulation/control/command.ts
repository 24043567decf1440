import * as z from 'zod';
import type { SimulationState } from '../catalog.ts';
import type { Simulation } from '../simulation.ts';
import { seedSchema, speedSchema, stimulusSchema } from './limits.ts';

/** Commands and questions to a simulation. */
export const commandSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(['state', 'start', 'pause', 'step']) }),
  z.strictObject({ action: z.literal('setSpeed'), speed: speedSchema }),
  z.strictObject({ action: z.literal('reset'), seed: seedSchema.optional() }),
  z.strictObject({ action: z.literal('inject'), text: stimulusSchema }),
]);
/** A command of {@link SimulationRegistry.perform}. */
export type Command = z.output<typeof commandSchema>;

/** Does it, and answers the state that it led to. */
export async function perform(simulation: Simulation, command: Command): Promise<SimulationState> {
  switch (command.action) {
    case 'state':
      return simulation.state;
    case 'setSpeed':
      return simulation.setSpeed(command.speed);
    case 'reset':
      return simulation.reset({ seed: command.seed });
    case 'inject':
      return simulation.inject(command.text);
    default:
      return simulation[command.action]();
  }
}
