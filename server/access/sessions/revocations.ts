import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { subjectIdSchema } from '../../../shared/events.ts';
import type { Broker, LogRecord, Tail } from '../../broker/broker.ts';
import type { Subject } from '../tokens/subject.ts';

/** The topic of revocations. It begins with `_`, so no subject has access unless its claims say so. */
const TOPIC = '_access';
/** The type of revocations. No catalog can have an event of this name, so clients cannot publish one. */
const TYPE = 'access.revoked';
/** Most revocations remembered; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;
const READ_RECORDS = 1000;

const eventSchema = z.object({ data: z.object({ subject: subjectIdSchema }) });

/**
 * Revoked subjects and the times of their revocation, shared by all processes of a broker through a topic. The times are
 * the log's, which are the same for all: the clock of the process that revokes may be wrong.
 */
export class Revocations {
  readonly #broker: Broker | undefined;
  readonly #now: () => number;
  readonly #onRevoked: (subjectId: string) => void;
  /** Times of revocation by subject, Unix ms. */
  readonly #revokedAt = new Map<string, number>();
  /** Revocations of this process that have not come back from the log yet: their provisional time by their entry's id. */
  readonly #own = new Map<string, number>();
  #tail: Tail | undefined;

  /** @param onRevoked called for each revocation, by this process or another */
  constructor(broker: Broker | undefined, now: () => number, onRevoked: (subjectId: string) => void) {
    this.#broker = broker;
    this.#now = now;
    this.#onRevoked = onRevoked;
  }

  async start(): Promise<void> {
    const broker = this.#broker;
    if (!broker || this.#tail) return;
    this.#tail = await broker.tail(TOPIC, {
      start: () => {},
      gap: () => {},
      records: (records) => this.#learn(records),
    });
    const { epoch, first, last } = await broker.bounds(TOPIC);
    for (let seq = first - 1; seq < last; ) {
      const { gap, records } = await broker.read(TOPIC, { epoch, seq }, READ_RECORDS);
      this.#learn(records);
      const end = records.at(-1) ?? gap?.to; // a page may hold only a gap, with more records after it
      if (!end || end.epoch !== epoch) break;
      seq = end.seq;
    }
  }

  /** Tells if a subject's token was issued before the subject was revoked. */
  covers({ id, issuedAt }: Subject): boolean {
    const at = this.#revokedAt.get(id);
    return at !== undefined && issuedAt !== undefined && issuedAt <= at;
  }

  async add(subject: string): Promise<void> {
    const at = this.#now();
    this.#take(subject, at);
    this.#onRevoked(subject);
    const event = { event_type: TYPE, timestamp: new Date(at).toISOString(), data: { subject, at } };
    if (!this.#broker) return;
    const id = randomUUID();
    if (this.#tail) this.#own.set(id, at);
    await this.#broker.publish(TOPIC, [{ type: TYPE, id, json: JSON.stringify(event) }]);
  }

  close(): void {
    this.#tail?.close();
  }

  /** Takes in revocations from the log, with the log's time. */
  #learn(records: readonly LogRecord[]): void {
    for (const { type, id, json, at } of records) {
      const event = type === TYPE ? eventSchema.safeParse(parse(json)) : undefined;
      if (!event?.success) continue;
      const { subject } = event.data.data;
      const own = this.#own.get(id);
      this.#own.delete(id);
      if (own === undefined) {
        this.#take(subject, at);
        this.#onRevoked(subject);
      } else if (this.#revokedAt.get(subject) === own) this.#revokedAt.set(subject, at);
    }
  }

  #take(subject: string, at: number): void {
    const before = this.#revokedAt.get(subject) ?? Number.NEGATIVE_INFINITY;
    this.#revokedAt.delete(subject); // to move it to the end: the oldest are first
    this.#revokedAt.set(subject, Math.max(before, at));
    const [oldest] = this.#revokedAt.keys();
    if (this.#revokedAt.size > MAX_REMEMBERED && oldest !== undefined) this.#revokedAt.delete(oldest);
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
