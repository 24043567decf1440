import { TRPCError } from '@trpc/server';
import type * as z from 'zod';
import { refusedBy } from '../../shared/errors.ts';
import { type Expects, optionsOnly } from '../../shared/wire/limits.ts';
import { toTRPCError } from '../trpc/errors.ts';
import { decodeInput, peek } from '../trpc/raw-input.ts';

/** Arguments of a resolver: a valid input, and what the call was granted. */
export interface Admitted<Input, Grant> {
  readonly input: Input;
  readonly grant: Grant;
}

/** Rules by which the calls of one procedure are let in. */
export interface CallRules<Asked, Input, Grant> {
  /** Schema of the part of the input that a decision needs. */
  readonly asked: z.ZodType<Asked>;
  /** @throws EventsError FORBIDDEN and others */
  authorize(context: unknown, asked: Asked): Promise<Grant>;
  /** Types that may be annotated in the input. @default those of options alone */
  expects?(asked: Asked): Expects;
  readonly input: z.ZodType<Input>;
}

/**
 * Lets one call in: what it asks for is read from its input as it came, and authorised; then the input is decoded, and
 * then validated. So a call that may not be made costs what it takes to see that. An annotation cannot make another
 * question of the one that was authorised: names are text, and no annotation that is held makes text of something else.
 * @throws TRPCError, EventsError
 */
export async function admit<Asked, Input, Grant>(
  {
    asked: askedSchema,
    authorize,
    expects = () => optionsOnly,
    input: inputSchema,
  }: CallRules<Asked, Input, Grant>,
  context: unknown,
  raw: unknown,
): Promise<Admitted<Input, Grant>> {
  const asked = validate(askedSchema, peek(raw));
  const grant = await authorize(context, asked);
  return { grant, input: validate(inputSchema, decodeInput(raw, expects(asked))) };
}

/** @throws TRPCError with INVALID_OPTION and its issues, where tRPC's own would be all of zod's as one JSON text */
function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw toTRPCError(refusedBy(result.error, 'INVALID_OPTION'));
}

/** Hands what {@link admit} made on to a resolver, through tRPC's own way for an input. */
export function admitted<Input, Grant>(value: unknown): Admitted<Input, Grant> {
  if (typeof value === 'object' && value !== null && 'input' in value && 'grant' in value) {
    return value as Admitted<Input, Grant>; // `admit` made it, one middleware before
  }
  throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'A call was not admitted.' });
}
