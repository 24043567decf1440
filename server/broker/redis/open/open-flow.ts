import type { Position } from '../../../../shared/cursor.ts';
import type { OpenSet, OpenSink } from '../../open/open-events.ts';
import type { Announcement } from './announcement.ts';
import type { Stand } from './open-sets.ts';

/** Most announcements, and characters of text, kept until the log or the set was read. Those beyond are read later. */
const MAX_HELD = 10_000;
const MAX_HELD_CHARS = 8 * 1024 * 1024;

interface Held {
  readonly announcement: Announcement;
  readonly chars: number;
  /** It was here when the latest reading of the log began, which has found the records before it. */
  isBeforeLog: boolean;
  /** It was here when the latest reading of the set began, which has found its change. */
  isBeforeSet: boolean;
}

interface OpenFlowSettings {
  sink: OpenSink;
  /** The place and stamp at which the set stands. */
  stand: () => Promise<Stand>;
  /** The whole set. */
  read: () => Promise<Stand & OpenSet>;
}

/**
 * One topic's open set for a tail: passes on announced changes that follow on the set as it was told, each when the records
 * before it were passed on, and reads the set again where they do not.
 *
 * Its owner reads the log, and calls `beginRead` before and `level` after that; in between, and at each announcement, `pass`.
 */
export class OpenFlow {
  readonly #settings: OpenFlowSettings;
  /** The set as it was told; null where that is out of date. */
  #told: { epoch: string; stamp: number } | null = null;
  /** A set that was read, to be told once the log was read up to its place. */
  #read: (Stand & OpenSet) | null = null;
  /** Announcements that wait: for records before them, or for the set. */
  #held: Held[] = [];
  #heldChars = 0;
  #isDoubted = false;
  #closed = false;

  constructor(settings: OpenFlowSettings) {
    this.#settings = settings;
  }

  /** Nothing reaches the sink any more. */
  close(): void {
    this.#closed = true;
    this.#hold([]);
  }

  /** Announcements may have been lost: the next {@link level} finds out. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** Takes an announcement; null for one that was malformed. It is passed on by {@link pass}. */
  offer(announcement: Announcement | null): void {
    if (!announcement) {
      this.#isDoubted = true;
      return;
    }
    const chars = charsOf(announcement);
    if (this.#held.length >= MAX_HELD || this.#heldChars + chars > MAX_HELD_CHARS) {
      this.#forget();
      return;
    }
    this.#held.push({ announcement, chars, isBeforeLog: false, isBeforeSet: false });
    this.#heldChars += chars;
  }

  /**
   * Passes on what is due at a position: the place of the last record that was passed on.
   * @returns false if the log must be read, and then {@link level} be called
   */
  pass(position: Position): boolean {
    if (this.#closed) return true;
    if (this.#read && isAt(this.#read.at, position)) this.#tell(this.#read);
    if (this.#told?.epoch !== position.epoch) this.#told = null;
    for (let held = this.#held[0]; held; held = this.#held[0]) {
      const verdict = this.#judge(held.announcement, position);
      if (verdict === 'wait') return false;
      if (verdict === 'lost') this.#told = null;
      if (this.#told === null && !('ephemeral' in held.announcement)) return false;
      this.#held.shift();
      this.#heldChars -= held.chars;
      if (verdict === 'pass') this.#passOn(held.announcement, position);
    }
    return this.#told !== null && !this.#isDoubted;
  }

  /** The log is about to be read. */
  beginRead(): void {
    for (const held of this.#held) held.isBeforeLog = true;
  }

  /**
   * Makes the sink level with the set, after the log was read to its end.
   * @param position tells the place of the last record that was passed on
   * @returns false if the log must be read again before
   */
  async level(position: () => Position): Promise<boolean> {
    this.pass(position());
    // What the log has not led to was announced by somebody else, or in another epoch.
    const isStray = ({ isBeforeLog, announcement }: Held) =>
      isBeforeLog && !isAt(announcement.at, position());
    if (this.#held.some(isStray)) this.#forget();
    if (this.#told && this.#isDoubted) await this.#check(this.#told.stamp);
    if (this.pass(position())) return true;
    if (this.#told) return false;
    if (this.#read?.at.epoch !== position().epoch) {
      this.#isDoubted = false;
      for (const held of this.#held) held.isBeforeSet = true;
      this.#read = await this.#settings.read();
    }
    return this.pass(position());
  }

  /**
   * Compares the stamp that was told with Redis's. A later one may be on its way on another connection: it is lost if it has
   * not come after a further round.
   */
  async #check(before: number): Promise<void> {
    const { stand } = this.#settings;
    const { at, stamp } = await stand();
    this.#isDoubted = false;
    if (at.epoch === this.#told?.epoch && stamp === before) return;
    const isReached = () => this.#told?.epoch === at.epoch && this.#told.stamp >= stamp;
    if (stamp > before && !isReached()) await stand().catch(() => null); // then it counts as lost
    if (stamp < before || !isReached()) this.#told = null;
  }

  #judge(announcement: Announcement, position: Position): 'pass' | 'wait' | 'lost' | 'known' {
    const { at } = announcement;
    if ('ephemeral' in announcement) return isAt(at, position) ? 'pass' : 'wait';
    if (this.#told === null) return 'wait';
    if (at.epoch === this.#told.epoch && announcement.stamp <= this.#told.stamp) return 'known';
    if (at.epoch !== position.epoch || at.seq > position.seq) return 'wait';
    return at.seq === position.seq && announcement.before === this.#told.stamp ? 'pass' : 'lost';
  }

  #passOn(announcement: Announcement, position: Position): void {
    const { sink } = this.#settings;
    if ('ephemeral' in announcement) {
      sink.ephemeral(announcement.ephemeral, position);
      return;
    }
    this.#told = { epoch: position.epoch, stamp: announcement.stamp };
    sink.change(announcement.change);
  }

  #tell({ at, rev, events, stamp }: Stand & OpenSet): void {
    this.#read = null;
    this.#told = { epoch: at.epoch, stamp };
    this.#hold(
      this.#held.filter(({ isBeforeSet, announcement }) => !isBeforeSet || 'ephemeral' in announcement),
    );
    this.#settings.sink.set({ at, rev, events });
  }

  /** Forgets what is held, and has the set read. */
  #forget(): void {
    this.#hold([]);
    this.#told = null;
    this.#read = null;
  }

  #hold(held: Held[]): void {
    this.#held = held;
    this.#heldChars = held.reduce((sum, { chars }) => sum + chars, 0);
  }
}

/** Tells if a place is at a position or before it, in the same epoch. */
function isAt(place: Position, { epoch, seq }: Position): boolean {
  return place.epoch === epoch && place.seq <= seq;
}

function charsOf(announcement: Announcement): number {
  if ('ephemeral' in announcement) return announcement.ephemeral.json.length;
  const { change } = announcement;
  switch (change.kind) {
    case 'appended':
      return change.text.length;
    case 'begun':
      return change.event.entry.json.length + (change.event.grows?.text.length ?? 0);
    case 'replaced':
      return change.entry.json.length;
    default:
      return 0;
  }
}
