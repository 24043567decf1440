import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Broker, LogRecord, Tail } from '../../broker/broker.ts';
import { type Subject, subjectIdSchema } from '../tokens/subject.ts';

/** Topics that begin with `_` are no subject's unless its claims say so. */
const TOPIC = '_access';
/** No event can have this name, so none that is published counts as a revocation. */
const TYPE = 'access.revoked';
/** Revocations that are remembered; the oldest go first. */
const MAX_REMEMBERED = 10_000;
const READ_RECORDS = 1000;

const eventSchema = z.object({ data: z.object({ subject: subjectIdSchema }) });

/**
 * Subjects that were revoked, with the time, shared by all processes of a broker through a topic of its log. The time is that of
 * the log, which is one for all: whoever revokes may have a clock that is wrong.
 */
export class Revocations {
  readonly #broker: Broker | undefined;
  readonly #now: () => number;
  readonly #onRevoked: (subjectId: string) => void;
  /** Subject → when, Unix ms. */
  readonly #revokedAt = new Map<string, number>();
  /** Ids of our own, until they come back with their time, and the time they have until then: they hold already. */
  readonly #own = new Map<string, number>();
  #tail: Tail | undefined;

  /** @param onRevoked called in every process, for those that others revoked too */
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
      const end = records.at(-1) ?? gap?.to; // a page may hold nothing but a gap, with more after it
      if (!end || end.epoch !== epoch) break;
      seq = end.seq;
    }
  }

  /** Tells if a subject's token was issued before it was revoked. */
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

  /** The time of a revocation is the log's: the clock of the machine that revokes decides nothing for the others. */
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
    this.#revokedAt.delete(subject); // to the end: the oldest are first
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
