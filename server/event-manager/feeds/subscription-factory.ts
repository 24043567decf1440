import * as z from 'zod';
import type { AnyCatalog } from '../../../shared/catalog.ts';
import { parseCursor, parseTopicsCursor } from '../../../shared/cursor.ts';
import { EventsError, refusedBy } from '../../../shared/errors.ts';
import {
  MAX_EVERY_MS,
  type SubscriptionOptions,
  subscriptionShape,
} from '../../../shared/options/read-options.ts';
import { parseTopic, parseTopics } from '../../../shared/topic.ts';
import type { Broker } from '../../broker/broker.ts';
import { type HubLease, PacedHubs } from '../hubs/hub-registry.ts';
import { MergedHubs } from '../hubs/merged-hub.ts';
import { type Asker, ownAsker } from '../reading/asker.ts';
import type { ProcessReads } from '../reading/process-reads.ts';
import type { KeyOf } from '../records/conflation.ts';
import { type AskerPart, latestOf, type Selection, type Selector, select } from '../records/selector.ts';
import type { DeliveryStats } from '../stats/event-stats.ts';
import type { EventSubscriptionOptions } from './event-subscription.ts';
import { Feed } from './feed.ts';
import type { FeedReader } from './feed-reader.ts';
import { feedStart } from './feed-start.ts';
import { MergedFeed } from './merged-feed.ts';
import type { TopicSource } from './topic-parts.ts';

/** Tells the part of a topic that may be seen; null: none. Asked for each topic of a subscription to several. */
export type TopicGate = (topic: string) => Selection | null | Promise<Selection | null>;

interface UncheckedOptions extends SubscriptionOptions<string, AnyCatalog>, AskerPart {
  admit?: TopicGate | undefined;
  asker?: Asker | undefined;
}

/** Makes of a subscription's options what feeds its readers. */
export class SubscriptionFactory {
  readonly #catalog: AnyCatalog;
  readonly #acquire: (topic: string) => HubLease;
  readonly #topics: Broker['topics'];
  readonly #stats: DeliveryStats;
  readonly #reads: ProcessReads;
  readonly #paced: PacedHubs;
  readonly #mergedHubs = new MergedHubs();
  readonly #merged = new Set<MergedFeed>();

  constructor(
    catalog: AnyCatalog,
    { acquire, topics }: { acquire: (topic: string) => HubLease; topics: Broker['topics'] },
    stats: DeliveryStats,
    reads: ProcessReads,
  ) {
    this.#catalog = catalog;
    this.#acquire = acquire;
    this.#topics = topics;
    this.#stats = stats;
    this.#reads = reads;
    this.#paced = new PacedHubs(reads.held);
  }

  /** @throws EventsError for options that have no meaning */
  attach(unchecked: UncheckedOptions): EventSubscriptionOptions['attach'] {
    const options = withoutNulls(unchecked);
    checkOptions(options);
    const selector = select(this.#catalog, options);
    const keyOf = latestOf(this.#catalog, options.types, options.latestBy);
    return options.topics === undefined
      ? this.#toOne(options, selector, keyOf)
      : this.#toSeveral(options, options.topics, selector, keyOf);
  }

  /** Ends subscriptions that no topic's end would end. */
  close(): void {
    for (const feed of this.#merged) feed.end(new EventsError('CLOSED', 'The event manager was closed.'));
  }

  #toOne(
    { topic: name, since, asker = ownAsker(), ...options }: UncheckedOptions,
    selector: Selector,
    keyOf: KeyOf,
  ) {
    const topic = parseTopic(name);
    if (typeof since === 'string') parseCursor(since);
    return (reader: FeedReader) => {
      const { lease, conflate } = this.#open(topic, options, selector, keyOf, asker);
      const { subject } = options;
      const onClose = this.#stats.subscriberCame(lease); // no function of here: it would hold all options
      const reads = this.#reads.of(asker);
      const feed = new Feed({ hub: lease.hub, selector, reader, subject, reads, conflate, onClose });
      feed.start((hub, steps) => feedStart(hub, selector, since, steps));
      return feed;
    };
  }

  #toSeveral(
    { since, admit, asker = ownAsker(), ...options }: UncheckedOptions,
    topics: readonly string[],
    selector: Selector,
    keyOf: KeyOf,
  ) {
    const choice = parseTopics(topics);
    const { echo, subject, members } = options;
    if (typeof since === 'string') parseTopicsCursor(since);
    const open = async (topic: string): Promise<TopicSource | null> => {
      if (!admit) return this.#open(topic, options, selector, keyOf, asker);
      const admitted = await admit(topic);
      if (!admitted) return null;
      return this.#open(
        topic,
        options,
        select(this.#catalog, { ...admitted, echo, subject, members }),
        keyOf,
        asker,
      );
    };
    return (reader: FeedReader) => {
      const onClose = this.#stats.subscriberCame({ release: () => this.#merged.delete(feed) });
      const topics = this.#topics;
      const reads = this.#reads.of(asker);
      const hubs = this.#mergedHubs;
      const feed: MergedFeed = new MergedFeed({
        choice,
        since,
        topics,
        open,
        hubs,
        reader,
        subject,
        reads,
        onClose,
      });
      this.#merged.add(feed);
      feed.start();
      return feed;
    };
  }

  #open(
    topic: string,
    { every, latestBy, whenSlow }: UncheckedOptions,
    selector: Selector,
    keyOf: KeyOf,
    asker: Asker,
  ): TopicSource {
    if (every === undefined) {
      return { lease: this.#acquire(topic), selector, conflate: whenSlow === 'conflate' ? keyOf : undefined };
    }
    const key = JSON.stringify([topic, every, latestBy, selector.key]);
    const pacing = { selector, keyOf, everyMs: every };
    const lease = this.#paced.acquire(key, () => this.#acquire(topic), pacing, asker);
    return { lease, selector, conflate: undefined };
  }
}

/** Options whose errors have no code of their own. A cursor's has. */
const { latestBy, since, whenSlow } = subscriptionShape([]);
const checkedSchema = z.object({ latestBy, since, whenSlow });

/** Options in which null is undefined, as in those that come over the wire, though their types have no null. */
function withoutNulls(options: UncheckedOptions): UncheckedOptions {
  const given = { ...options };
  for (const [name, value] of Object.entries(given)) if (value === null) Reflect.deleteProperty(given, name);
  return given;
}

function checkOptions({ topic, topics, whenSlow, every, latestBy, since }: UncheckedOptions): void {
  if (topic !== undefined && topics !== undefined) throw wrong('topics', 'pass either topic or topics');
  if (topics !== undefined && whenSlow === 'disconnect') {
    throw wrong(
      'whenSlow',
      "whenSlow: 'disconnect' is for one topic: pass 'refill' or 'conflate' with topics",
    );
  }
  if (every !== undefined && !(Number.isInteger(every) && every >= 1 && every <= MAX_EVERY_MS)) {
    throw wrong('every', `every must be a whole number of ms, from 1 to ${MAX_EVERY_MS}`);
  }
  const start = typeof since === 'string' ? undefined : since;
  const { error } = checkedSchema.safeParse({ latestBy, since: start, whenSlow });
  if (error) throw refusedBy(error, 'INVALID_OPTION', { says: 'subscribe: ' });
  if (latestBy !== undefined && every === undefined && whenSlow !== 'conflate') {
    throw wrong('latestBy', "latestBy needs every, or whenSlow: 'conflate'");
  }
}

function wrong(option: string, message: string): EventsError {
  return new EventsError('INVALID_OPTION', `subscribe: ${message}`, {
    issues: [{ path: [option], message }],
  });
}
