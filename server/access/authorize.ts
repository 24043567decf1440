import { TRPCError } from '@trpc/server';
import { EventsError } from '../../shared/errors.ts';
import type { AnyFilter } from '../../shared/filter/types.ts';
import { matchesOne } from '../../shared/topic.ts';
import { sessionOf } from './sessions/session.ts';
import type { Claims } from './tokens/subject.ts';

/** Actions that need a right. */
export type Action = 'publish' | 'subscribe' | 'history' | 'stats' | 'control';

/** A request to be authorised. */
export interface AccessRequest {
  readonly action: Action;
  /** Null for `stats`, which is of a whole process. */
  readonly topic: string | null;
  /** Event types it is about: those asked for, or all of the catalog's. None for `stats` and `control`. */
  readonly types: readonly string[];
}

/** The part of a request that is allowed. */
export interface Grant {
  /** Allowed types. A caller that named another is refused, a caller that named none gets these. */
  readonly types: readonly string[];
  /**
   * Patterns of types that may be seen although this process's catalog lacks them, for whoever named no types: a record
   * of such a type is announced as a gap. Of any other type nothing is told. Default none.
   */
  readonly unknownTypes?: readonly string[] | undefined;
  /** Conditions that what is subscribed to or read must meet as well [D8]. */
  readonly filter?: AnyFilter | undefined;
}

/**
 * Decides what a call may do; asked for each call, and each time a subscription is resumed.
 * @throws EventsError FORBIDDEN, or a TRPCError of your own
 */
export type Authorize<Ctx> = (context: Ctx, request: AccessRequest) => Grant | Promise<Grant>;

/**
 * The default: what the claims of the context's session allow. Without a session, which is to say without
 * authentication, everything.
 * @throws EventsError FORBIDDEN; TOKEN_EXPIRED or UNAUTHENTICATED once the session has ended
 */
export function authorizeSession(context: unknown, request: AccessRequest): Grant {
  const session = sessionOf(context);
  return session ? grantOf(session.subject.claims, request) : { types: request.types, unknownTypes: ['*'] };
}

/** Cuts a request down to what claims allow. @throws EventsError FORBIDDEN */
export function grantOf(claims: Claims, { action, topic, types }: AccessRequest): Grant {
  if (action === 'stats') {
    if (claims.stats !== true) throw forbidden('You may not see stats.');
    return { types };
  }
  if (topic === null || !coversTopic(claims.topics, topic)) {
    throw forbidden(`You have no access to topic ${topic}.`);
  }
  if (action === 'control') {
    if (claims.control !== true) throw forbidden(`You may not control topic ${topic}.`);
    return { types };
  }
  if (action === 'publish') return { types: types.filter((type) => matchesOne(claims.publish, type)) };
  const { subscribe, filter } = claims;
  return { types: types.filter((type) => matchesOne(subscribe, type)), unknownTypes: subscribe, filter };
}

export function forbidden(message: string, cause?: unknown): EventsError {
  return new EventsError('FORBIDDEN', message, { cause });
}

/** Tells if what an {@link Authorize} threw says that something is not allowed. */
export function isForbidden(error: unknown): boolean {
  return (error instanceof EventsError || error instanceof TRPCError) && error.code === 'FORBIDDEN';
}

/** Topics that begin with `_` are the system's own, so `*` does not mean them. */
function coversTopic(patterns: readonly string[] | undefined, topic: string): boolean {
  return matchesOne(
    topic.startsWith('_') ? patterns?.filter((pattern) => pattern.startsWith('_')) : patterns,
    topic,
  );
}
