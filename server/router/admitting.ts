import type { TRPCProcedureBuilder, TRPCUnsetMarker } from '@trpc/server';
import { asTRPCError } from '../trpc/errors.ts';
import { hearErrors } from '../trpc/tracked-items.ts';
import { refuseForeignProcedure } from '../trpc/trpc-copy.ts';
import { admit, admitted, type CallRules } from './admitted.ts';

/** A procedure that has no input, output or resolver yet: `t.procedure`, with or without middleware. */
export type BaseProcedure<Ctx, Meta, Overrides> = TRPCProcedureBuilder<
  Ctx,
  Meta,
  Overrides,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  false
>;

/**
 * Makes of an application's procedure ours, whose errors have their tRPC codes, and one that lets calls in by rules.
 * @throws EventsError INVALID_OPTION where another copy of `@trpc/server` made the procedure
 */
export function admittingOn<Ctx, Meta, Overrides>(base: BaseProcedure<Ctx, Meta, Overrides>) {
  refuseForeignProcedure(base);
  const procedure = base.use(async ({ next }) => {
    const result = await next();
    if (!result.ok) throw asTRPCError(result.error);
    hearErrors(result.data);
    return result;
  });
  const admitting = <Asked, Input, Grant>(rules: CallRules<Asked, Input, Grant>) =>
    procedure
      .use(async ({ ctx, getRawInput, next }) => {
        const call = await admit(rules, ctx, await getRawInput());
        return next({ getRawInput: async () => call });
      })
      .input(admitted<Input, Grant>);
  return { procedure, admitting };
}

/** Makes procedures that let calls in by rules. */
export type Admitting<Ctx, Meta, Overrides> = ReturnType<
  typeof admittingOn<Ctx, Meta, Overrides>
>['admitting'];
