import type { AnyTRPCProcedure, AnyTRPCRouter } from '@trpc/server';

type CallOptions = Parameters<AnyTRPCProcedure>[0];

/** Makes a call, and may answer with something else than it does. */
export type Intercept = (
  options: CallOptions,
  call: (options: CallOptions) => Promise<unknown>,
) => Promise<unknown>;

/**
 * A view of a router, for one request, whose subscriptions are called by way of `intercept`. All else is the router's
 * own, so tRPC reads the request, and answers what goes wrong with it, as ever.
 */
export function observedRouter(router: AnyTRPCRouter, intercept: Intercept): AnyTRPCRouter {
  const procedures = new Proxy(router._def.procedures, {
    get: (all, path) => observed(Reflect.get(all, path), intercept),
  });
  return { ...router, _def: { ...router._def, procedures } };
}

function observed(procedure: unknown, intercept: Intercept): unknown {
  if (!isSubscription(procedure)) return procedure;
  return Object.assign((options: CallOptions) => intercept(options, procedure), procedure);
}

function isSubscription(value: unknown): value is AnyTRPCProcedure {
  if (typeof value !== 'function' || !('_def' in value)) return false;
  const { _def } = value;
  return typeof _def === 'object' && _def !== null && 'type' in _def && _def.type === 'subscription';
}
