import * as z from 'zod';
import { type Catalog, defineEvents, psycheEvents } from '../shared/index.ts';

/** Why an agent could not answer. */
export const failureReasonSchema = z.enum([
  /** No connection to the model. */
  'unreachable',
  /** The model began no answer, or stopped in the middle of one, for too long. */
  'timeout',
  /** The model turned the request away: key, quota, or a model it does not have. */
  'refused',
  /** The model answered nothing. */
  'empty',
  /** The simulation was reset or closed in the middle of the answer. */
  'cancelled',
  'failed',
]);

const name = z.string().max(128);
const text = z.string().max(32 * 1024);

const turn = {
  agent_id: name,
  agent_type: name,
  /** The agent that is spoken to. */
  to: name,
  /** Counts the turns of a run from 1; the `agent_message` of the same turn has it in its metadata. */
  turn: z.number(),
};

const agentProcessing = z.discriminatedUnion('status', [
  z.strictObject({ ...turn, status: z.literal('started') }),
  /** `text` is all of the answer so far, so that the latest update alone is enough. */
  z.strictObject({ ...turn, status: z.literal('update'), text }),
  /** Comes right after the `agent_message` that it led to. */
  z.strictObject({ ...turn, status: z.literal('complete'), latency_ms: z.number() }),
  z.strictObject({ ...turn, status: z.literal('error'), reason: failureReasonSchema, message: text }),
]);

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

const schemas = {
  ...psycheEvents.schemas,
  agent_processing: agentProcessing,
  simulation_state: simulationStateSchema,
};

/** The seed's three events, and two of the simulation's own: answers as they are produced, and the state of a run. */
export const simulationEvents: SimulationCatalog = defineEvents(schemas);
/** The type of {@link simulationEvents}. */
export type SimulationCatalog = Catalog<typeof schemas>;

/** Why an agent could not answer. */
export type FailureReason = z.output<typeof failureReasonSchema>;
/** The state of a simulation: the data of `simulation_state`. */
export type SimulationState = z.output<typeof simulationStateSchema>;
