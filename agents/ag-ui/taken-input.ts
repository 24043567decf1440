import { enforceOutgoingInput } from '@ag-ui/client';
import type { RunAgentInput } from '@ag-ui/core';
import { refusedBy } from '../../shared/errors.ts';

/** The variable with which AG-UI says nothing on the console of what it leaves out. */
const QUIET = 'SUPPRESS_TRANSFORMATION_WARNINGS';

/**
 * A request's input as AG-UI's schema has it, without what that does not know. A stranger has written it: so AG-UI prints no
 * line for each thing that it leaves out, and an error lists few of its issues.
 * @throws EventsError INVALID_EVENT
 */
export function takenInput(input: RunAgentInput): RunAgentInput {
  const { env } = process;
  const { [QUIET]: was } = env;
  env[QUIET] = 'true';
  try {
    return enforceOutgoingInput(input);
  } catch (error) {
    throw isZodError(error) ? refusedBy(error, 'INVALID_EVENT', { path: ['input'] }) : error;
  } finally {
    if (was === undefined) delete env[QUIET];
    else env[QUIET] = was;
  }
}

/** An error of AG-UI's zod, which may be another one than ours. */
function isZodError(error: unknown): error is Parameters<typeof refusedBy>[0] {
  return error instanceof Error && 'issues' in error && Array.isArray(error.issues);
}
