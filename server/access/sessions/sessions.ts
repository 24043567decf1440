import { setTimeout } from 'node:timers/promises';
import { EventsError, formatIssues, toIssues } from '../../../shared/errors.ts';
import type { Broker } from '../../broker/broker.ts';
import { unauthenticated } from '../tokens/authenticate.ts';
import { type Subject, subjectIdSchema, subjectSchema } from '../tokens/subject.ts';
import { Revocations } from './revocations.ts';
import { Session } from './session.ts';

const MS_PER_SECOND = 1000;

/** Options of {@link Sessions}. */
export interface SessionsOptions {
  /** Carries a revocation to the other processes. Default: it stays in this one. */
  broker?: Broker | undefined;
  /** The clock, Unix ms. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** The sessions of this process, and what ends them on all. */
export class Sessions {
  readonly #now: () => number;
  readonly #open = new Map<string, Set<Session>>();
  readonly #revocations: Revocations;

  constructor({ broker, now = Date.now }: SessionsOptions = {}) {
    this.#now = now;
    this.#revocations = new Revocations(broker, now, (subjectId) => this.#cut(subjectId));
  }

  /** Learns what was revoked before, and follows what will be. @throws EventsError UNAVAILABLE, CLOSED */
  start(): Promise<void> {
    return this.#revocations.start();
  }

  /**
   * A session of a subject. The subject's shape is checked here, whatever `authenticate` it came from: so
   * {@link revoke} reaches everybody who was let in.
   * @throws EventsError TOKEN_EXPIRED; UNAUTHENTICATED when its token was revoked, or the subject is not one
   */
  open(subject: Subject): Session {
    const { error } = subjectSchema.safeParse(subject);
    if (error)
      throw unauthenticated(`The subject is not valid: ${formatIssues(toIssues(error).slice(0, 3))}.`);
    if (this.#revocations.covers(subject)) throw unauthenticated('The token was revoked.');
    const session = new Session(subject, this.#now, (closed) => this.#remove(closed));
    const of = this.#open.get(subject.id);
    if (of) of.add(session);
    else this.#open.set(subject.id, new Set([session]));
    return session;
  }

  /**
   * Ends all sessions of a subject at once, here and in every process that shares the broker, and refuses its tokens
   * that were issued until now: those of which that is known (JWT). An API key is refused once it is taken off the list.
   *
   * The issue time of a token is a whole second, so every token of the current second counts as issued before. The
   * promise resolves in the next second: a token that is issued afterwards is let in.
   * @throws EventsError INVALID_OPTION when no subject can have that id; UNAVAILABLE when other processes could not be
   * told: here it holds in any case
   */
  async revoke(subjectId: string): Promise<void> {
    const { error } = subjectIdSchema.safeParse(subjectId);
    if (error)
      throw new EventsError('INVALID_OPTION', `revoke: ${formatIssues(toIssues(error, ['subject']))}`);
    await this.#revocations.add(subjectId);
    await setTimeout(MS_PER_SECOND - (Math.floor(this.#now()) % MS_PER_SECOND));
  }

  /** Sessions that are open. */
  get size(): number {
    let size = 0;
    for (const of of this.#open.values()) size += of.size;
    return size;
  }

  /** Follows revocations no longer. */
  close(): void {
    this.#revocations.close();
  }

  #cut(subjectId: string): void {
    for (const session of [...(this.#open.get(subjectId) ?? [])]) session.revoke();
  }

  #remove(session: Session): void {
    const { id } = session.subject;
    const of = this.#open.get(id);
    of?.delete(session);
    if (of?.size === 0) this.#open.delete(id);
  }
}
