import * as z from 'zod';
import { type CatalogOf, defineEvents, presence, psycheEvents, question } from '../shared/index.ts';
import { agentProcessing, type failureReasonSchema } from './events/answers.ts';
import { name, text } from './events/texts.ts';

/** The data of `simulation_state`. */
export const simulationStateSchema = z.strictObject({
  status: z.enum(['running', 'paused']),
  seed: z.number(),
  /** 1 is normal speed. */
  speed: z.number(),
  /** Turns taken since the run began. */
  tick: z.number(),
  mode: z.enum(['normal', 'emergency']),
  stagnation: z.number().min(0).max(1),
  /** The last words to the agents from outside, or null. */
  stimulus: text.nullable(),
});

/** One of the answers that a question offers; words from outside have 500 characters at most. */
const choice = z.string().trim().min(1).max(200);

/** The events of {@link simulationEvents}, for a larger catalog: `defineEvents({ ...simulationDefinitions, dream })`. */
export const simulationDefinitions = {
  ...psycheEvents.schemas,
  agent_processing: agentProcessing,
  simulation_state: simulationStateSchema,
  /** An agent's question to whoever watches. */
  agent_question: question({
    asks: z.strictObject({ agent_id: name, question: text, choices: z.array(choice).min(2).max(6) }),
    answers: z.strictObject({ choice }),
  }),
  /** Somebody who watches. */
  viewer: presence(z.strictObject({ name: z.string().trim().min(1).max(64) })),
};

/**
 * The seed's three events, and four of the simulation's own: answers as they are produced, the state of a run, questions to
 * whoever watches, and who that is.
 */
export const simulationEvents: SimulationCatalog = defineEvents(simulationDefinitions);
/** The type of {@link simulationEvents}. */
export interface SimulationCatalog extends CatalogOf<typeof simulationDefinitions> {}

/** Why an agent could not answer. */
export type FailureReason = z.output<typeof failureReasonSchema>;
/** The state of a simulation: the data of `simulation_state`. */
export type SimulationState = z.output<typeof simulationStateSchema>;
