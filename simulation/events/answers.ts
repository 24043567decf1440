import * as z from 'zod';
import { growing, versions } from '../../shared/index.ts';
import { name, text } from './texts.ts';

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

const turn = {
  agent_id: name,
  agent_type: name,
  /** The agent that is spoken to. */
  to: name,
  /** Counts the turns of a run from 1; the `agent_message` of the same turn has it in its metadata. */
  turn: z.number(),
};

const started = { status: z.literal('started') };
const update = { status: z.literal('update') };
const complete = { status: z.literal('complete'), latency_ms: z.number() };
const error = { status: z.literal('error'), reason: failureReasonSchema, message: text };

/** Version 1, in which an answer was many events, each of them complete. */
const first = z.discriminatedUnion('status', [
  z.strictObject({ ...turn, ...started }),
  /** `text` is all of the answer so far, so that the latest update alone is enough. */
  z.strictObject({ ...turn, ...update, text }),
  /** Comes right after the `agent_message` that it led to. */
  z.strictObject({ ...turn, ...complete }),
  z.strictObject({ ...turn, ...error }),
]);

/** Version 2, in which an answer is one event whose `text` grows. */
const second = z.strictObject({
  ...turn,
  text,
  /** In records of version 1 alone, which are parts of an answer: the part that this one is. */
  was: z
    .discriminatedUnion('status', [
      z.strictObject(started),
      z.strictObject(update),
      z.strictObject(complete),
      z.strictObject(error),
    ])
    .optional(),
});

/** An answer while it is produced. Its settlement comes after the `agent_message` that it led to. */
export const agentProcessing = growing(
  versions(first, [
    second,
    ({ agent_id, agent_type, to, turn: number, ...was }) => {
      const said = { agent_id, agent_type, to, turn: number };
      if (was.status !== 'update') return { ...said, text: '', was };
      return { ...said, text: was.text, was: { status: was.status } };
    },
  ]),
  'text',
);
