import * as z from 'zod';
import { noOption } from './known-options.ts';

/** Schema of options that refuses a name that is none, as `checkOptions` does, and names the one that is meant. */
export function strictOptions<const S extends z.ZodRawShape>(shape: S) {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? noOption(String(issue['keys'][0]), names) : undefined,
  });
}
