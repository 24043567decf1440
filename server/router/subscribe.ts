import { TRPCError } from '@trpc/server';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { StreamItem } from '../../shared/stream-items.ts';
import type { Checkpoint } from '../access/checkpoint.ts';
import { sessionOf } from '../access/sessions/session.ts';
import type { EventManager } from '../event-manager/event-manager.ts';
import { askerOf } from '../limits/socket-asker.ts';
import { TrackedItems, trackedItems } from '../trpc/tracked-items.ts';
import { admit, type CallRules } from './admitted.ts';
import { askedOfSubscribe, subscribeInput } from './inputs.ts';

type AnySubscription = TrackedItems<StreamItem<string, AnyCatalog>>;

/** The means to tell what a caller may see, and which subject it is. */
export interface Gate {
  checkpoint: Checkpoint<unknown>;
  subjectOf(context: unknown): string | undefined;
}

/**
 * Makes the one way to a subscription, whatever asks for it: the call is authorised, its input is decoded and validated,
 * what may be seen is narrowed by the grant, and the subscription ends with the session of the context, with its error.
 * @param names the events that can be asked for
 * @param named those that are meant where nothing is said; undefined: all that may be seen
 */
export function subscriptionsTo(
  manager: EventManager<AnyCatalog>,
  { checkpoint, subjectOf }: Gate,
  names: readonly string[],
  named: readonly string[] | undefined,
): (context: unknown, raw: unknown, signal: AbortSignal | undefined) => Promise<AnySubscription> {
  const rules = rulesOf({
    asked: askedOfSubscribe(names),
    authorize: async (context, { topics, topic, types = named }) =>
      topics
        ? { several: await checkpoint.seeEach(context, topics, types) }
        : { one: await checkpoint.see(context, 'subscribe', { topic, types }) },
    input: subscribeInput(names),
  });
  return async (context, raw, signal) => {
    const { grant, input = {} } = await admit(rules, context, raw);
    const { since, types = named, filter, lastEventId, ...rest } = input;
    const asked = { ...rest, since: lastEventId ?? since };
    const options = grant.several
      ? { ...asked, types, filter, admit: grant.several(filter) }
      : { ...asked, ...checkpoint.narrow(grant.one, filter) };
    return trackedItems(() =>
      manager
        .subscribe({ ...options, subject: subjectOf(context), signal, asker: askerOf(context) })
        .endedBy(sessionOf(context)?.signal),
    );
  };
}

/** Infers the types of one procedure's rules. */
function rulesOf<Asked, Input, Grant>(rules: CallRules<Asked, Input, Grant>): CallRules<Asked, Input, Grant> {
  return rules;
}

/** Hands a subscription on to its resolver, through tRPC's own way for an input. */
export function subscribed(value: unknown): AnySubscription {
  if (value instanceof TrackedItems) return value;
  throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'A call was not admitted.' });
}
