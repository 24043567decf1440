import { type AnyCatalog, isStreamNotice, type StreamItem } from '../../shared/index.ts';
import type { EventsSource, Gap } from '../sources/event-source.ts';
import type { Surroundings } from '../surroundings.ts';

/** Gaps that are looked into: each takes a read of the log, and which events there are is told long before. */
const MOST_ASKED = 100;

/** Words for what a server alone could tell. */
const OF_SERVER =
  'the server’s catalog lacks some, or has another schema for them under the same version. Its log and `malformed` of `stats` tell of the latter; `schema --check` names all of them';

/** Events that a command was to read and its source could not: people are told on stderr, once for each version of an event. */
export class UnreadEvents {
  readonly #source: Partial<Pick<EventsSource, 'whyUnreadable'>>;
  readonly #around: Pick<Surroundings, 'note'>;
  readonly #told = new Set<string>();
  #asked = 0;
  /** Number of events that could not be read. */
  count = 0;

  constructor(source: Partial<Pick<EventsSource, 'whyUnreadable'>>, around: Pick<Surroundings, 'note'>) {
    this.#source = source;
    this.#around = around;
  }

  /** Takes note of what a stream brought, if it is a gap. @param topic of the stream, where the gap names none */
  async look(item: StreamItem<string, AnyCatalog>, topic: string | undefined): Promise<void> {
    if (isStreamNotice(item) && item.event_type === 'stream_gap')
      await this.add(item.data, item.topic ?? topic);
  }

  /** Takes note of a gap; one of another kind than these is passed over. */
  async add(gap: Gap, topic: string | undefined): Promise<void> {
    if (gap.reason !== 'dropped' && gap.reason !== 'unknown_version') return;
    this.count += gap.lost ?? 1;
    if (this.#asked === MOST_ASKED) return;
    this.#asked++;
    const { whyUnreadable } = this.#source;
    if (whyUnreadable === undefined) return this.#tell('', `events cannot be read: ${OF_SERVER}`);
    const unread = await whyUnreadable(gap, topic ?? 'default');
    if (unread) this.#tell(unread.event, `events cannot be read: ${unread.event}: ${unread.why}`);
  }

  #tell(event: string, text: string): void {
    if (this.#told.has(event)) return;
    this.#told.add(event);
    this.#around.note(text);
  }
}
