import { eventNumbers } from '../events.ts';
import type { Connection } from './connection.ts';
import { inflate } from './wire.ts';

/** Looks into everything one connection received: the events themselves, in the order they were published. */
export class Probe {
  readonly #connection: Pick<Connection, 'kept'>;
  /** Numbers of deflated events that were looked at before. */
  #seen = 0;
  /** The last number of each topic. */
  readonly #last = new Map<number, number>();
  readonly #topics: number;

  /** @param topics to how many topics events are published in turns: the order is that of each */
  constructor(connection: Pick<Connection, 'kept'>, topics: number) {
    this.#connection = connection;
    this.#topics = topics;
  }

  /** Checks the events since the last check: what is wrong with them, or null. */
  complaint(): string | null {
    const { text, deflated } = this.#connection.kept;
    for (const frame of [text.at(0), text.at(-1)]) {
      // Socket.IO writes its packet type in front.
      if (frame !== undefined) JSON.parse(frame.slice(frame.search(/[[{]/)));
    }
    // A window that lives as long as its connection can only be read from the start.
    const inflated = deflated.length > 0 ? eventNumbers(inflate(deflated)) : [];
    const numbers = [...text.flatMap(eventNumbers), ...inflated.slice(this.#seen)];
    this.#seen = inflated.length;
    this.#connection.kept.text = [];
    if (numbers.length === 0) return 'connection 0 received no event that can be read';
    for (const number of numbers) {
      const topic = number % this.#topics;
      const last = this.#last.get(topic);
      const expected = last === undefined ? number : last + this.#topics;
      if (number !== expected) return `connection 0 received event ${number} in place of ${expected}`;
      this.#last.set(topic, number);
    }
    return null;
  }
}
