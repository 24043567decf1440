import type { AnyCatalog } from '../../shared/catalog.ts';
import { compileFilter, mayHoldBy } from '../../shared/filter/compile.ts';
import type { AnyFilter } from '../../shared/filter/types.ts';
import type { EventSelection } from '../../shared/options/read-options.ts';
import { DEFAULT_TOPIC } from '../../shared/protocol.ts';
import { parseTopics } from '../../shared/topic.ts';
import { debugs, type Logger, silentLogger } from '../telemetry/logger.ts';
import { type Authorize, forbidden, type Grant, isForbidden, requireGrant } from './authorize.ts';
import { sessionOf } from './sessions/session.ts';

/** Events that a call asks for. */
type Selected = EventSelection<string, AnyCatalog>;

/** The part of a topic that a caller may see. */
export interface VisiblePart {
  readonly topic: string;
  readonly types: readonly string[];
  /** Patterns of types that this catalog lacks and that may be seen, see {@link Grant.unknownTypes}. */
  readonly unknownTypes: readonly string[];
  /** Conditions that the events must meet whatever the caller asks for. */
  readonly filter: AnyFilter | undefined;
}

/** A visible part with the caller's filter beside the part's own: see `Selection.enforced`. */
export interface NarrowedPart extends Omit<VisiblePart, 'filter'>, Pick<Selected, 'filter'> {
  readonly enforced: AnyFilter | undefined;
}

const VERBS = {
  publish: 'publish',
  subscribe: 'subscribe to',
  history: 'read the history of',
  erase: 'erase events of',
  answer: 'answer',
} as const;

/** Authorises the calls of a catalog's procedures, and narrows them to what is allowed. */
export class Checkpoint<Ctx> {
  readonly #catalog: AnyCatalog;
  readonly #authorize: Authorize<Ctx>;
  readonly #logger: Logger;

  constructor(catalog: AnyCatalog, authorize: Authorize<Ctx>, logger: Logger = silentLogger) {
    this.#catalog = catalog;
    this.#authorize = authorize;
    this.#logger = logger;
  }

  /**
   * Requires that types may be published.
   * @param named false: one of them is enough
   * @throws EventsError FORBIDDEN, naming the types that may not
   */
  async publish(
    context: Ctx,
    topic: string = DEFAULT_TOPIC,
    types: readonly string[],
    named = true,
  ): Promise<void> {
    const { filter } = await this.#ask(context, 'publish', topic, types, named);
    if (filter !== undefined) throw new TypeError('authorize: publishing cannot be granted with a filter');
  }

  /** Requires that questions of a type may be answered. @throws EventsError FORBIDDEN */
  async answer(context: Ctx, topic: string = DEFAULT_TOPIC, type: string): Promise<void> {
    const { filter } = await this.#ask(context, 'answer', topic, [type], true);
    if (filter !== undefined) throw new TypeError('authorize: answering cannot be granted with a filter');
  }

  /** Requires that events of types, or of all, may be erased. @throws EventsError FORBIDDEN */
  async erase(context: Ctx, { topic = DEFAULT_TOPIC, types = this.#catalog.names }: Selected): Promise<void> {
    const { filter } = await this.#ask(context, 'erase', topic, types, true);
    if (filter !== undefined) throw new TypeError('authorize: erasing cannot be granted with a filter');
  }

  /**
   * Finds the visible part of a topic: of the types that are named, or of all.
   * @throws EventsError FORBIDDEN, naming the types that may not be seen; or when none may
   */
  async see(
    context: Ctx,
    action: 'subscribe' | 'history',
    { topic = DEFAULT_TOPIC, types: named }: Pick<Selected, 'topic' | 'types'>,
  ): Promise<VisiblePart> {
    const types = named ?? this.#catalog.names;
    const asked = await this.#ask(context, action, topic, types, named !== undefined);
    const grant = { ...asked, types: this.#filterable(asked, named !== undefined) };
    this.#tell(context, action, topic, types, grant);
    return { topic, ...grant };
  }

  /**
   * Authorises a subscription to several topics: the named ones at once, and each that a pattern matches when it appears.
   * @returns a function that takes the caller's filter, and gives one that makes the selection of a topic: null where
   * nothing may be seen. It throws EventsError INVALID_FILTER for a filter that the named topics have no events for
   * @throws EventsError as {@link see}, for the named topics; INVALID_TOPIC
   */
  async seeEach(
    context: Ctx,
    topics: readonly string[],
    types: readonly string[] | undefined,
  ): Promise<(filter: AnyFilter | undefined) => (topic: string) => Promise<NarrowedPart | null>> {
    const see = (topic: string) => this.see(context, 'subscribe', { topic, types });
    const named = new Map<string, VisiblePart>();
    for (const topic of parseTopics(topics).names) named.set(topic, await see(topic));
    return (filter) => {
      if (filter !== undefined)
        for (const { types } of named.values()) compileFilter(this.#catalog, types, filter);
      return async (topic) => {
        try {
          return this.narrow(named.get(topic) ?? (await see(topic)), filter);
        } catch (error) {
          if (isForbidden(error)) return null;
          throw error;
        }
      };
    };
  }

  /** Narrows the visible part by the caller's filter. */
  narrow({ filter: enforced, ...seen }: VisiblePart, filter: AnyFilter | undefined): NarrowedPart {
    return { ...seen, enforced, filter };
  }

  /** @throws EventsError FORBIDDEN */
  async stats(context: Ctx): Promise<void> {
    sessionOf(context)?.assertActive();
    requireGrant(await this.#authorize(context, { action: 'stats', topic: null, types: [] }), 'stats');
  }

  /** Logs which types are granted and which are withheld, for debugging. */
  #tell(context: Ctx, action: string, topic: string, types: readonly string[], grant: Grant): void {
    if (!debugs(this.#logger)) return;
    const withheld = types.filter((type) => !grant.types.includes(type));
    const subject = sessionOf(context)?.subject.id;
    const filtered = grant.filter !== undefined;
    this.#logger.debug({ subject, action, topic, types: grant.types, withheld, filtered }, 'Access granted');
  }

  async #ask(
    context: Ctx,
    action: keyof typeof VERBS,
    topic: string,
    types: readonly string[],
    named: boolean,
  ) {
    sessionOf(context)?.assertActive();
    const grant = requireGrant(await this.#authorize(context, { action, topic, types }), action);
    const granted = new Set(grant.types);
    const refused = types.filter((type) => !granted.has(type));
    const allowed = types.filter((type) => granted.has(type));
    if (allowed.length === 0 || (named && refused.length > 0)) {
      throw forbidden(`On topic ${topic} you may not ${VERBS[action]} ${refused.join(', ')}.`);
    }
    return { types: allowed, unknownTypes: named ? [] : (grant.unknownTypes ?? []), filter: grant.filter };
  }

  /**
   * The types of a grant to which its filter can be applied. Where none were named, one whose data may hold a field `by` is left
   * out of a filter that needs the publisher: one such event must not take all others away.
   * @throws EventsError FORBIDDEN if the filter can be met by none of them, or not by all that were named
   */
  #filterable({ types, filter }: Grant, named: boolean): readonly string[] {
    if (filter === undefined) return types;
    const fault = this.#faultOf(types, filter);
    if (fault === null) return types;
    const plain = named ? [] : types.filter((type) => !mayHoldBy(this.#catalog, type));
    if (plain.length > 0 && this.#faultOf(plain, filter) === null) return plain;
    // The message does not tell which fields are filtered by.
    throw forbidden(
      `You may see no ${types.join(', ')} here: your rights have a filter that these cannot meet.`,
      fault,
    );
  }

  /** The error of a filter that some types cannot meet; null if there is none. */
  #faultOf(types: readonly string[], filter: AnyFilter): unknown {
    try {
      compileFilter(this.#catalog, types, filter);
      return null;
    } catch (fault) {
      return fault;
    }
  }
}
