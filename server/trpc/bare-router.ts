import { type AnyTRPCRouter, initTRPC } from '@trpc/server';
import { EventsError } from '../../shared/errors.ts';
import { isRecord } from '../../shared/wire/shapes.ts';

/*
 * Clients of ours send and read superjson's format. A tRPC without a transformer sends bare JSON, of which they can read
 * neither an answer nor an error. So it is refused where events are mounted; older releases of tRPC do not tell a
 * procedure its settings, and there it is refused where the router is served.
 */

/** The stand-in that tRPC has for a transformer: one object in all routers of a copy. */
const none = initTRPC.create()._config.transformer;

/** The middleware of each mount of events, by which a router is known to have some. */
const mounts = new WeakSet<object>();

/** The part of a procedure that holds its tRPC's settings. */
interface Defined {
  readonly _def: object;
}

/**
 * @param base a procedure of the application that mounts events
 * @throws EventsError INVALID_OPTION where its tRPC is known to have no transformer
 */
export function refuseBareProcedure({ _def }: Defined): void {
  const config: unknown = Reflect.get(_def, 'config');
  if (isRecord(config) && config['transformer'] === none) throw bare();
}

/** Remembers the last middleware of a procedure that events are built on. */
export function rememberMount({ _def }: Defined): void {
  const last = middlewaresOf(_def).at(-1);
  if (last) mounts.add(last);
}

/** @throws EventsError INVALID_OPTION where a router without a transformer has events */
export function refuseBareRouter({ _def }: AnyTRPCRouter): void {
  if (_def._config.transformer !== none) return;
  const hasEvents = Object.values<Defined>(_def.procedures).some((procedure) =>
    middlewaresOf(procedure._def).some((each) => mounts.has(each)),
  );
  if (hasEvents) throw bare();
}

function middlewaresOf(definition: object): object[] {
  const middlewares: unknown = Reflect.get(definition, 'middlewares');
  return Array.isArray(middlewares) ? middlewares : [];
}

function bare(): EventsError {
  return new EventsError(
    'INVALID_OPTION',
    "The tRPC below the events has no transformer, so clients could not read what it sends: create it with initTRPC.create({ transformer }), and import { transformer } from 'psyche-events'.",
  );
}
