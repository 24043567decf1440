import * as z from 'zod';
import type { EventManager } from '../../../server/index.ts';
import { defineEvents, psycheEvents, versions } from '../../../shared/index.ts';
import { agentMessage } from '../../support/events.ts';

/** A message as the first version had it: plain JSON, with no limit of its mood. */
const first = z.strictObject({ said: z.string(), mood: z.number() });
/** The second holds more than JSON, and says something. */
const second = z.strictObject({ message: z.string().min(1), moods: z.map(z.string(), z.number()) });
/**
 * The third is that of the Psyche Simulation, but for a part that a transform makes of which nothing is known: its records
 * carry the fingerprint of their schema.
 */
const { agent_message: plain, network_update, system_status } = psycheEvents.schemas;
const third = plain.extend({ message: z.union([z.string(), z.number().transform(String)]) });

const early = versions(first, [
  second,
  ({ said, mood }) => ({ message: said, moods: new Map([['score', mood]]) }),
  ({ message, moods }) => ({ said: message, mood: moods.get('score') ?? 0 }),
]);

const raised = ({ message, moods }: z.output<typeof second>) => ({
  ...agentMessage(message),
  sentiment: { score: moods.get('score') ?? 0, label: 'positive' as const },
});

const history = versions(early, [
  third,
  raised,
  ({ message, sentiment }) => ({ message, moods: new Map([['score', sentiment.score]]) }),
]);

const others = { network_update, system_status };

/** The events of the model's nodes: a message has three versions. */
export const modelCatalog = defineEvents({ ...others, agent_message: history });
export type ModelCatalog = typeof modelCatalog;
/** One process of the model. */
export type ModelNode = EventManager<ModelCatalog>;

/** The events of the process before all versions. */
export const oldCatalog = defineEvents({ ...others, agent_message: first });

/** The events of a process in which somebody edited the newest version in place. */
export const editedCatalog = defineEvents({
  ...others,
  agent_message: versions(early, [
    plain.extend({ message: z.union([z.string(), z.boolean().transform(String)]) }),
    raised,
  ]),
});

/** The events of the next deploy: a message has a fourth version. */
export const newerCatalog = defineEvents({
  ...others,
  agent_message: versions(history, [
    z.strictObject({ words: z.string() }),
    ({ message }) => ({ words: message }),
  ]),
});
