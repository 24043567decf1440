import { type AnyTRPCRouter, initTRPC, isTrackedEnvelope, TRPCError } from '@trpc/server';
import { EventsError } from '../../shared/errors.ts';
import { transformer } from '../../shared/wire/transformer.ts';

/*
 * Two copies of tRPC do not know each other's tracked items: what one of them yields as an item with an id, the other
 * sends as a list, `["<cursor>", {…}, null]`, without an id. So a foreign copy is refused where events are mounted and
 * where a router is served; and an item that reaches a foreign adapter all the same is refused there, in `trackedOutput`.
 */

const t = initTRPC.create();

const REMEDY =
  'Install one copy: `npm ls @trpc/server` shows which package asks for another version. With one copy installed, import it everywhere as an ES module, and bundle psyche-events and @trpc/server together or neither.';

/** The part of a procedure that shows its copy of tRPC. */
interface ProcedureBuilder {
  input(parser: { parse(value: unknown): unknown }): unknown;
}

/**
 * @param base a procedure of the application that mounts events
 * @throws EventsError INVALID_OPTION where another copy of tRPC made it than ours
 */
export function refuseForeignProcedure(base: ProcedureBuilder): void {
  const ours = placeOf(t.procedure);
  const theirs = placeOf(base);
  if (ours === undefined || theirs === undefined || ours === theirs) return;
  throw new EventsError(
    'INVALID_OPTION',
    `The procedure below the events was made by another copy of @trpc/server than psyche-events uses: ${moduleOf(theirs)}, not ${moduleOf(ours)}. ${REMEDY}`,
  );
}

/** @throws EventsError INVALID_OPTION where another copy of tRPC made the router than ours */
export function refuseForeignRouter(router: AnyTRPCRouter): void {
  if (sharedPartOf(router) === ourSharedPart) return;
  throw new EventsError(
    'INVALID_OPTION',
    `The router was made by another copy of @trpc/server than psyche-events uses. ${REMEDY}`,
  );
}

/** The empty `queries`, which tRPC's types do not name: one object in all routers of a copy. */
function sharedPartOf({ _def }: Pick<AnyTRPCRouter, '_def'>): unknown {
  return Reflect.get(_def, 'queries');
}

const ourSharedPart = sharedPartOf(t.router({}));

/** The output of the project's transformer, for our own routers: a tracked item that an adapter took for data is refused. */
export const trackedOutput = {
  serialize(value: unknown) {
    if (!isTrackedEnvelope(value)) return transformer.output.serialize(value);
    const message = `The adapter that serves this router is of another copy of @trpc/server than psyche-events uses. ${REMEDY}`;
    // Its code is not that of an unexpected error, whose message clients are not told.
    throw new TRPCError({
      code: 'NOT_IMPLEMENTED',
      message,
      cause: new EventsError('INVALID_OPTION', message),
    });
  },
  deserialize: transformer.output.deserialize,
};

/**
 * The line of a stack at which tRPC looks at a parser: the same for all procedures of a copy, and another for each copy,
 * in a bundle too. Procedures have nothing else in common that can be seen before they are called. Undefined where the
 * host writes no stacks.
 */
function placeOf(procedure: ProcedureBuilder): string | undefined {
  let place: string | undefined;
  const parser = {
    parse: (value: unknown) => value,
    get parseAsync(): undefined {
      place ??= callerOf(parser);
      return undefined;
    },
  };
  procedure.input(parser); // makes another procedure; this one stays as it is
  return place;
}

/** The first line of the stack above a getter of `holder`. */
function callerOf(holder: object): string | undefined {
  const getter = Object.getOwnPropertyDescriptor(holder, 'parseAsync')?.get;
  const trace: { stack?: unknown } = {};
  Error.captureStackTrace(trace, getter);
  const { stack } = trace;
  if (typeof stack !== 'string') return undefined; // the host has a form of its own
  return stack.split('\n').find((line) => /:\d+:\d+\)?$/.test(line));
}

/** The module of a line of a stack: `file:///app/node_modules/@trpc/server/dist/index.mjs`. */
function moduleOf(place: string): string {
  return place
    .trim()
    .replace(/^.*\(|^at (async )?/, '')
    .replace(/:\d+:\d+\)?$/, '');
}
