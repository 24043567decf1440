import { asTRPCError, type BaseProcedure } from '../../server/index.ts';

/** A procedure whose EventsErrors reach the caller with the code of tRPC that fits them. */
export function tellingErrors<Ctx, Meta, Overrides>(base: BaseProcedure<Ctx, Meta, Overrides>) {
  return base.use(async ({ next }) => {
    const result = await next();
    if (!result.ok) throw asTRPCError(result.error);
    return result;
  });
}
