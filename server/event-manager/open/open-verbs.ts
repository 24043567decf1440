import type { AnyCatalog } from '../../../shared/catalog.ts';
import { hasControlCharacters, withoutControlCharacters } from '../../../shared/data/control-characters.ts';
import { newEntryId } from '../../../shared/data/entry-ids.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { MAX_GROWN } from '../../../shared/open/bounds.ts';
import type { BegunEvent } from '../../../shared/open/handles.ts';
import { isStored } from '../../../shared/open/kinds.ts';
import type { SettledState, Settlement } from '../../../shared/open/open-part.ts';
import type { Clock } from '../../../shared/timing.ts';
import { parseTopic } from '../../../shared/topic.ts';
import type { Broker } from '../../broker/broker.ts';
import type { OpenEvent, OpenEvents, Owner } from '../../broker/open/open-events.ts';
import { requireOpenSets } from '../../broker/require-open-sets.ts';
import type { Tracing } from '../../telemetry/telemetry.ts';
import type { Intake } from '../publish/intake.ts';
import { traced } from '../publish/traced.ts';
import { newerAhead } from '../records/newer-versions.ts';
import { appendJoined, type Piece } from './joined-appends.ts';
import { Aside } from './lapse-sweep.ts';
import type { OpenEntries } from './open-entries.ts';
import { type BegunType, begunType, newOpenId, typeOfId, unbegun } from './open-ids.ts';
import { checked, leaseOf, notOfType, otherKind, requireOwnersState, unclean } from './open-options.ts';
import { OwnedChanges } from './owned-changes.ts';
import { repeatedAnswer } from './repeated-answer.ts';
import { Settling } from './settling.ts';

/** Options of a beginning. */
export interface BeginOptions {
  /** Default `default`. */
  topic?: string | undefined;
  /**
   * A name of the owner's own, 1–128 characters: to begin again under it answers the event that is open, or how it was
   * settled. Default: a fresh secret.
   */
  key?: string | undefined;
  /** Ms without a change or a renewal after which it lapses [O8], 1 s to 1 h. Default 15 s. */
  leaseMs?: number | undefined;
  /** Ms until a question's deadline, 1 s to 30 days. Default 1 h. */
  timeoutMs?: number | undefined;
  /** Id of the subject that begins it, as in PublishOptions. */
  by?: string | undefined;
  /** The trace it continues. */
  traceparent?: string | undefined;
}

/** An event that is open, and who says so. */
export interface OwnedEvent extends Owner {
  /** Default `default`. */
  topic?: string | undefined;
}

/** Parts of {@link OpenVerbs}. */
export interface OpenVerbsParts {
  readonly catalog: AnyCatalog;
  readonly broker: Broker;
  readonly intake: Intake;
  readonly entries: OpenEntries;
  /** The answer that a settlement tells of, wherever it is kept. */
  readonly answerOf: (topic: string, settled: Settlement) => Promise<unknown>;
  /** Open events of a topic at most. */
  readonly maxOpen: number;
  readonly clock: Clock;
  readonly tracing: Tracing | undefined;
}

/**
 * The verbs of open events, as the router calls them: each is one call, and no lease is renewed by itself. Beginnings,
 * changes and settlements are validated by the catalog, and count as publishes do [D10].
 */
export class OpenVerbs {
  readonly #parts: OpenVerbsParts;
  readonly #appends: OwnedChanges<Piece, number>;
  readonly #updates: OwnedChanges<LogEntry, void>;
  readonly #settling: Settling;

  constructor(parts: OpenVerbsParts) {
    const { clock } = parts;
    this.#parts = parts;
    this.#settling = new Settling(parts.entries, parts.intake);
    this.#appends = new OwnedChanges(clock, MAX_GROWN, (topic, owner, appends) =>
      appendJoined((...piece) => this.#sets.append(topic, ...piece), owner, appends),
    );
    this.#updates = new OwnedChanges(clock, MAX_GROWN, async (topic, owner, updates) => {
      const last = updates.at(-1);
      if (!last) return;
      try {
        await this.#sets.replace(topic, owner, last.value);
        for (const { resolve } of updates) resolve();
      } catch (error) {
        for (const { reject } of updates) reject(error);
      }
    });
  }

  /**
   * Begins an event. With a key that is open already it answers that event, `resumed`; with one that was settled lately, its
   * settlement.
   * @throws EventsError UNKNOWN_EVENT, INVALID_EVENT, INVALID_OPTION, INVALID_TOPIC, TOO_MANY_OPEN, TOO_LARGE, OVERLOADED,
   *   UNAVAILABLE; FORBIDDEN where the key is another subject's
   */
  begin(type: string, data: unknown, options: BeginOptions = {}): Promise<BegunEvent> {
    const { tracing } = this.#parts;
    const { topic, traceparent: given } = options;
    const begin = (traceparent = given) => this.#begin(type, data, { ...options, traceparent });
    return tracing?.publish(traced(topic, [type], given), begin) ?? begin();
  }

  async #begin(type: string, data: unknown, options: BeginOptions): Promise<BegunEvent> {
    const { catalog, intake, entries, maxOpen } = this.#parts;
    const topic = parseTopic(options.topic);
    const begun = begunType(catalog, type) ?? unbegun(catalog, type);
    const { kind } = begun;
    const { by, traceparent } = options;
    const key = options.key === undefined ? newEntryId() : checked('key', options.key);
    const leaseMs = leaseOf(kind, options);
    const id = newOpenId(type);
    const opening = intake.validated(() => entries.opening(begun, data, { id, by, traceparent }));
    if (opening.grows) checked('text', opening.grows.text); // Redis cannot keep half of a surrogate pair
    const event = { id, key, by, kind, leaseMs, ...opening };
    const found = await intake.admitted(
      () => this.#sets.begin(topic, event, maxOpen),
      (answer) => {
        intake.wrote(topic, answer.cursor);
        if (answer.id === id && isStored(kind)) intake.published.add(type);
      },
    );
    const settled = found.settled && { settled: await this.#told(topic, found.settled) };
    return { ...found, ...settled, key, ...(await this.#lengthOf(topic, found, opening.grows?.text)) };
  }

  /**
   * Appends to the text of a growing event [O4]; within 50 ms, together with what follows.
   * @param at length of the text before, in UTF-16 code units
   * @throws EventsError INVALID_EVENT for text that the catalog would clean; INVALID_OPTION; CONFLICT with the length;
   *   TOO_LARGE, OVERLOADED; and as {@link settle}
   */
  async append({ topic, at, text, ...owner }: OwnedEvent & Piece): Promise<{ length: number }> {
    const { catalog, intake } = this.#parts;
    const name = parseTopic(topic);
    const { type, kind, field } = this.#typeOf(owner.id) ?? (await this.#refuse(name, owner.id));
    if (kind !== 'growing') throw otherKind(type, kind, 'cannot be appended to');
    checked('at', at);
    checked('text', text);
    if (catalog.cleans && hasControlCharacters(text)) throw unclean(type, field ?? '');
    const length = await intake.admitted(() => this.#appends.add(name, owner, { at, text }, text.length));
    return { length };
  }

  /**
   * Replaces the data of a presence; of several within 50 ms the last.
   * @throws EventsError INVALID_EVENT, OVERLOADED; and as {@link settle}
   */
  async update({ topic, data, ...owner }: OwnedEvent & { data: unknown }): Promise<void> {
    const { intake, entries } = this.#parts;
    const name = parseTopic(topic);
    const begun = this.#typeOf(owner.id) ?? (await this.#refuse(name, owner.id));
    if (begun.kind !== 'presence') throw otherKind(begun.type, begun.kind, 'has no data to be replaced');
    const { entry } = intake.validated(() => entries.opening(begun, data, owner));
    await intake.admitted(() => this.#updates.add(name, owner, entry, entry.json.length));
  }

  /** Renews leases. @returns the ids that are not open any more, or are somebody else's */
  async touch({
    topic,
    ids,
    ...owner
  }: Omit<OwnedEvent, 'id'> & { ids: readonly string[] }): Promise<{ notOpen: string[] }> {
    return { notOpen: await this.#sets.touch(parseTopic(topic), ids, owner) };
  }

  /**
   * Settles an event for its owner [O1], after what this process still has of its text.
   * @returns the place of the settlement; of a presence, that of the last record
   * @throws EventsError NOT_OPEN; FORBIDDEN where it is somebody else's; ALREADY_SETTLED with the settlement; INVALID_OPTION;
   *   INVALID_EVENT where all of it is no valid event: then it is still open; OVERLOADED, UNAVAILABLE
   */
  async settle({
    topic,
    state,
    reason,
    ...owner
  }: OwnedEvent & { state: SettledState; reason?: string | undefined }): Promise<{ cursor: string }> {
    const { catalog, intake } = this.#parts;
    const name = parseTopic(topic);
    const { type, kind } = this.#typeOf(owner.id) ?? (await this.#refuse(name, owner.id));
    requireOwnersState(type, kind, state);
    const given = reason === undefined ? undefined : checked('reason', reason);
    const why = given && catalog.cleans ? withoutControlCharacters(given) : given;
    await this.#appends.flush(name, owner);
    await this.#updates.flush(name, owner);
    return intake.admitted(
      () => this.#settling.byOwner(this.#sets, name, owner, { state, reason: why }),
      ({ cursor }) => {
        intake.wrote(name, cursor);
        this.#countSettlement(type);
      },
    );
  }

  /**
   * Answers a question, once. Given again by the same subject it is that answer: it is not refused, and changes nothing.
   * @throws EventsError UNKNOWN_EVENT for an event that is no question; INVALID_EVENT; NOT_OPEN; ALREADY_SETTLED with the
   *   settlement; OVERLOADED, UNAVAILABLE
   */
  async answer(
    type: string,
    { topic, id, answer, by }: Omit<OwnedEvent, 'key'> & { answer: unknown },
  ): Promise<{ cursor: string }> {
    const { catalog, intake, answerOf } = this.#parts;
    const name = parseTopic(topic);
    const valid = intake.validated(() => catalog.parseAnswer(type, answer));
    const of = this.#typeOf(id) ?? (await this.#refuse(name, id));
    if (of.type !== type) throw notOfType(id, of, type);
    const given = { answer: valid, by };
    const answered = intake.admitted(
      () => this.#settling.byAnswer(this.#sets, name, id, given),
      ({ cursor }) => {
        intake.wrote(name, cursor);
        this.#countSettlement(type);
      },
    );
    return answered.catch((error) => repeatedAnswer(error, given, (settled) => answerOf(name, settled)));
  }

  /** An event as it is, or how it was settled. @throws EventsError NOT_OPEN */
  async find(topic: string | undefined, id: string): Promise<OpenEvent | Settlement> {
    const name = parseTopic(topic);
    const found = await this.#sets.find(name, id);
    return 'state' in found ? this.#told(name, found) : found;
  }

  /** Settles up to `most` events whose time is over [O8], and puts those aside that it does not. @returns the first failure */
  async settleLapsed(most: number, aside = new Aside()): Promise<{ found: number; error?: unknown }> {
    const lapsed = await this.#sets.lapsed(most, aside.ids);
    const failures: unknown[] = [];
    const settle = async ({ topic, event }: (typeof lapsed)[number]): Promise<void> => {
      const isSettled = await this.#settling.asLapsed(this.#sets, topic, event).catch((error) => {
        failures.push(error);
        return false;
      });
      if (isSettled) this.#countSettlement(event.entry.type);
      else aside.add(topic, event.id);
    };
    await Promise.all(lapsed.map(settle));
    return { found: lapsed.length, ...(failures.length > 0 && { error: failures[0] }) };
  }

  /** Sends what waits to be joined with more. Resolves once all was answered. */
  async flush(): Promise<void> {
    await Promise.all([this.#appends.flushAll(), this.#updates.flushAll()]);
  }

  get #sets(): OpenEvents {
    return requireOpenSets(this.#parts.broker);
  }

  #typeOf(id: string): BegunType | undefined {
    return typeOfId(this.#parts.catalog, id);
  }

  /** Refuses an id of a type that the catalog lacks. @throws EventsError NOT_OPEN; UNAVAILABLE where it is open: newer nodes know it [V4] */
  async #refuse(topic: string, id: string): Promise<never> {
    await this.#sets.find(topic, id);
    throw newerAhead();
  }

  /** The length of a growing event's text, which may have grown since it was begun. */
  async #lengthOf(
    topic: string,
    { id, resumed, settled }: { id: string; resumed: boolean; settled?: unknown },
    text: string | undefined,
  ): Promise<{ length?: number }> {
    if (text === undefined || settled !== undefined) return {};
    if (!resumed) return { length: text.length };
    const event = await this.#sets.find(topic, id);
    return 'grows' in event && event.grows ? { length: event.grows.text.length } : {};
  }

  async #told(topic: string, settled: Settlement): Promise<Settlement> {
    const answer = await this.#parts.answerOf(topic, settled);
    return answer === undefined ? settled : { ...settled, answer };
  }

  #countSettlement(type: string): void {
    const begun = begunType(this.#parts.catalog, type);
    if (begun && isStored(begun.kind)) this.#parts.intake.published.add(type);
  }
}
