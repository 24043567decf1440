import type * as z from 'zod';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { Checkpoint } from '../access/checkpoint.ts';
import { allowanceOf } from '../limits/publish-rate.ts';
import type { CallRules } from './admitted.ts';
import { askedOfPublish, expectsData } from './inputs.ts';

/**
 * Rules of calls that bring one event of a type, complete or begun: they need the right to publish it, count as one event of
 * the second's limit, and may have in `data` what the event's schema can hold.
 */
export function publishRules<Input>(
  checkpoint: Checkpoint<unknown>,
  catalog: AnyCatalog,
  name: string,
  input: z.ZodType<Input>,
): CallRules<z.output<typeof askedOfPublish>, Input, void> {
  return {
    asked: askedOfPublish,
    authorize: async (context, { topic }) => {
      await checkpoint.publish(context, topic, [name]);
      await allowanceOf(context)?.take(1);
    },
    expects: () => expectsData(catalog, name),
    input,
  };
}
