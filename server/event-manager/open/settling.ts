import { EventsError } from '../../../shared/errors.ts';
import type { SettledState, Settlement } from '../../../shared/open/open-part.ts';
import { isJson } from '../../../shared/wire/shapes.ts';
import type { OpenEvent, OpenEvents, Owner, Settling as Settle } from '../../broker/open/open-events.ts';
import type { Intake } from '../publish/intake.ts';
import type { OpenEntries, SettlementStamp } from './open-entries.ts';

/** Tries to settle an event that others change meanwhile: each that fails is a change of theirs that succeeded. */
const MAX_TRIES = 100;
/** A revision that no event has: to settle at it is refused as any settling is, and else changes nothing. */
const NO_REV = 0;

/** Settles open events: makes the settlement of what the event is now, and hands both over as one [O1]. */
export class Settling {
  readonly #entries: OpenEntries;
  readonly #intake: Intake;

  constructor(entries: OpenEntries, intake: Intake) {
    this.#entries = entries;
    this.#intake = intake;
  }

  /** @throws EventsError NOT_OPEN, FORBIDDEN, ALREADY_SETTLED, INVALID_EVENT, UNAVAILABLE */
  byOwner(
    sets: OpenEvents,
    topic: string,
    { id, key, by }: Owner,
    { state, reason }: Pick<SettlementStamp, 'state' | 'reason'>,
  ): Promise<Settlement> {
    const stamp = { state, reason, by };
    return this.#settle(sets, topic, id, { id, state, by, as: { key, by } }, (event) =>
      this.#entryOf(event, stamp),
    );
  }

  /** @throws EventsError NOT_OPEN, ALREADY_SETTLED, UNAVAILABLE */
  byAnswer(
    sets: OpenEvents,
    topic: string,
    id: string,
    { answer, by }: { answer: unknown; by: string | undefined },
  ): Promise<Settlement> {
    const state = 'answered';
    // A broker keeps JSON; any other answer is in the record.
    const told = isJson(answer) ? { answer } : {};
    return this.#settle(sets, topic, id, { id, state, by, ...told, as: 'anybody' }, (event) =>
      this.#entries.unchanged(event, { state, by, answer }),
    );
  }

  /**
   * Settles an event whose time is over, unless it was renewed since.
   * @returns false where another node was faster
   */
  async asLapsed(sets: OpenEvents, topic: string, event: OpenEvent): Promise<boolean> {
    const { id, kind, rev } = event;
    const state = LAPSED[kind];
    const entry = this.#entryOf(event, { state, by: kind === 'growing' ? event.by : undefined });
    try {
      return (await sets.settle(topic, { id, state, entry, rev, as: 'lapsed' })) !== null;
    } catch (error) {
      if (error instanceof EventsError && (error.code === 'ALREADY_SETTLED' || error.code === 'NOT_OPEN'))
        return false;
      throw error;
    }
  }

  async #settle(
    sets: OpenEvents,
    topic: string,
    id: string,
    settle: Settle,
    entryOf: (event: OpenEvent) => Settle['entry'],
  ): Promise<Settlement> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const event = await sets.find(topic, id);
      // The broker tells its owner, and nobody else, how it was settled.
      const isOver = 'state' in event;
      const entry = isOver
        ? {}
        : await this.#entryFor(event, entryOf, () => sets.settle(topic, { ...settle, rev: NO_REV }));
      const settled = await sets.settle(topic, isOver ? settle : { ...settle, ...entry, rev: event.rev });
      if (settled) return settled;
      // An answer that came when the question's time was over: now it is told so, with the settlement.
      if (settle.as === 'anybody' && !isOver) await this.asLapsed(sets, topic, event);
    }
    throw new EventsError('UNAVAILABLE', 'The event is changed too often to be settled: try again later.');
  }

  /**
   * The settlement's entry. Why there can be none is told to those alone who may settle the event: what it holds is not for
   * everybody.
   * @param refuse rejects for anybody else
   */
  async #entryFor(
    event: OpenEvent,
    entryOf: (event: OpenEvent) => Settle['entry'],
    refuse: () => Promise<unknown>,
  ): Promise<Pick<Settle, 'entry'>> {
    try {
      return { entry: entryOf(event) };
    } catch (error) {
      await refuse();
      this.#intake.invalid++;
      throw error;
    }
  }

  /** The record of a settlement; a presence has none. A text that is not valid is kept from `done`, and left out of `aborted`. */
  #entryOf(event: OpenEvent, stamp: SettlementStamp): Settle['entry'] {
    if (event.kind === 'presence') return undefined;
    if (event.kind === 'question') return this.#entries.unchanged(event, stamp);
    try {
      return this.#entries.grown(event, stamp);
    } catch (error) {
      if (stamp.state === 'done') throw error;
      return this.#entries.unjudged(event, stamp) ?? this.#entries.unchanged(event, stamp);
    }
  }
}

/** States in which the time of an event leaves it. */
const LAPSED: Readonly<Record<OpenEvent['kind'], SettledState>> = {
  growing: 'aborted',
  question: 'expired',
  presence: 'lost',
};
