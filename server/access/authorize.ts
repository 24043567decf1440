import { TRPCError } from '@trpc/server';
import { EventsError } from '../../shared/errors.ts';
import type { AnyFilter } from '../../shared/filter/types.ts';
import { matchesOne } from '../../shared/topic.ts';
import { sessionOf } from './sessions/session.ts';
import type { Claims } from './tokens/subject.ts';

/** Actions that need a right. */
export type Action = 'publish' | 'answer' | 'subscribe' | 'history' | 'stats' | 'control' | 'erase';

/** A request to be authorised. */
export interface AccessRequest {
  readonly action: Action;
  /** Null for `stats`, which concern the whole process. */
  readonly topic: string | null;
  /** Event types asked for, or all of the catalog's if none are named. Empty for `stats` and `control`. */
  readonly types: readonly string[];
}

/** The part of a request that is allowed. */
export interface Grant {
  /** Allowed types. A caller that named any other type is refused; a caller that named none gets these. */
  readonly types: readonly string[];
  /**
   * Patterns of types that may be seen although this process's catalog lacks them, for callers that name no types. A record
   * of such a type is announced as a gap; records of other unknown types are passed over in silence. Default none.
   */
  readonly unknownTypes?: readonly string[] | undefined;
  /** Conditions that the events must meet in addition to the caller's own filter [D8]. */
  readonly filter?: AnyFilter | undefined;
}

/**
 * Decides what a call may do. Asked for each call, and each time a subscription is resumed. `stats` and `control` name no
 * types: for them any grant allows, and only a throw refuses.
 * @throws EventsError FORBIDDEN, or a TRPCError of your own. Any other error is a fault of the server, and an answer that is
 * no {@link Grant} is one too: nothing is allowed then
 */
export type Authorize<Ctx> = (context: Ctx, request: AccessRequest) => Grant | Promise<Grant>;

/**
 * The default: grants what the claims of the context's session allow. Without a session there is no authentication, and
 * everything is granted.
 * @throws EventsError FORBIDDEN; TOKEN_EXPIRED or UNAUTHENTICATED once the session has ended
 */
export function authorizeSession(context: unknown, request: AccessRequest): Grant {
  const session = sessionOf(context);
  return session ? grantOf(session.subject.claims, request) : { types: request.types, unknownTypes: ['*'] };
}

/** Grants the part of a request that claims allow. @throws EventsError FORBIDDEN */
export function grantOf(claims: Claims, { action, topic, types }: AccessRequest): Grant {
  if (action === 'stats') {
    if (claims.stats !== true) throw forbidden('You may not see stats.');
    return { types };
  }
  if (topic === null || !coversTopic(claims.topics, topic)) {
    throw forbidden(`You have no access to topic ${topic}.`);
  }
  if (action === 'control' || action === 'erase') {
    const what = action === 'erase' ? 'erase events of' : 'control';
    if (claims.control !== true) throw forbidden(`You may not ${what} topic ${topic}.`);
    return { types };
  }
  if (action === 'publish') return { types: types.filter((type) => matchesOne(claims.publish, type)) };
  if (action === 'answer') return { types: types.filter((type) => matchesOne(claims.answer, type)) };
  const { subscribe, filter } = claims;
  return { types: types.filter((type) => matchesOne(subscribe, type)), unknownTypes: subscribe, filter };
}

/** Checks what an {@link Authorize} answered, which may be an application's code. @throws TypeError if it is no {@link Grant} */
export function requireGrant(answer: unknown, action: Action): Grant {
  if (isGrant(answer)) return answer;
  throw new TypeError(
    `authorize must return a grant, { types: […] }, or throw an EventsError FORBIDDEN: for ${action} it returned none`,
  );
}

function isGrant(answer: unknown): answer is Grant {
  if (typeof answer !== 'object' || answer === null || !('types' in answer)) return false;
  const { types, unknownTypes = [] } = answer as { types: unknown; unknownTypes?: unknown };
  return Array.isArray(types) && Array.isArray(unknownTypes);
}

export function forbidden(message: string, cause?: unknown): EventsError {
  return new EventsError('FORBIDDEN', message, { cause });
}

/** Tells if an error of an {@link Authorize} means that something is not allowed. */
export function isForbidden(error: unknown): boolean {
  return (error instanceof EventsError || error instanceof TRPCError) && error.code === 'FORBIDDEN';
}

/** Tells if patterns match a topic. Topics that begin with `_` are private: only patterns that begin with `_` match them. */
function coversTopic(patterns: readonly string[] | undefined, topic: string): boolean {
  return matchesOne(
    topic.startsWith('_') ? patterns?.filter((pattern) => pattern.startsWith('_')) : patterns,
    topic,
  );
}
