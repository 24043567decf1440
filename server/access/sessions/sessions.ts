import { setTimeout } from 'node:timers/promises';
import { refusedBy } from '../../../shared/errors.ts';
import { subjectIdSchema } from '../../../shared/events.ts';
import { checkOptions } from '../../../shared/options/known-options.ts';
import type { Broker } from '../../broker/broker.ts';
import { type Logger, silentLogger } from '../../telemetry/logger.ts';
import { unauthenticated } from '../tokens/authenticate.ts';
import type { Subject } from '../tokens/subject.ts';
import { Revocations } from './revocations.ts';
import { Session } from './session.ts';
import { SubjectCheck } from './subject-check.ts';

const MS_PER_SECOND = 1000;

/** Options of {@link Sessions}. */
export interface SessionsOptions {
  /** Carries a revocation to the other processes. Default: it stays in this one. */
  broker?: Broker | undefined;
  /** The clock, Unix ms. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Is told once of each kind of subject that is not valid: the client is not. Default: nothing is logged. */
  logger?: Logger | undefined;
}

/** The sessions of this process. Revoking a subject ends its sessions in all processes. */
export class Sessions {
  readonly #now: () => number;
  readonly #open = new Map<string, Set<Session>>();
  readonly #revocations: Revocations;
  readonly #check: SubjectCheck;

  /** @throws TypeError where an option is none */
  constructor(options: SessionsOptions = {}) {
    checkOptions('Sessions', options, { broker: 1, now: 1, logger: 1 });
    const { broker, now = Date.now, logger = silentLogger } = options;
    this.#check = new SubjectCheck(logger);
    this.#now = now;
    this.#revocations = new Revocations(broker, now, (subjectId) => this.#revokeOpen(subjectId));
  }

  /** Reads past revocations, and follows new ones. @throws EventsError UNAVAILABLE, CLOSED */
  start(): Promise<void> {
    return this.#revocations.start();
  }

  /**
   * Opens a session of a subject. It validates the subject, whichever `authenticate` made it, so that {@link revoke} can
   * reach every subject with a session. The fault of one that is not valid is told to the logger, not to the client.
   * @throws EventsError TOKEN_EXPIRED; UNAUTHENTICATED when its token was revoked, or the subject is invalid
   */
  open(subject: Subject): Session {
    this.#check.assert(subject);
    if (this.#revocations.covers(subject)) throw unauthenticated('The token was revoked.');
    const session = new Session(subject, this.#now, (closed) => this.#remove(closed));
    const open = this.#open.get(subject.id);
    if (open) open.add(session);
    else this.#open.set(subject.id, new Set([session]));
    return session;
  }

  /**
   * Ends all sessions of a subject at once, in this process and in every other one that shares the broker. Its tokens that
   * were issued until now are refused from then on, if they tell their time of issue (JWT). An API key is refused once it is
   * taken off the list.
   *
   * The issue time of a token is a whole second, so every token of the current second counts as issued before. The promise
   * resolves in the next second: a token issued after that is accepted.
   * @throws EventsError INVALID_OPTION when no subject can have that id; UNAVAILABLE when other processes could not be told:
   * the revocation still holds in this process
   */
  async revoke(subjectId: string): Promise<void> {
    const { error } = subjectIdSchema.safeParse(subjectId);
    if (error) throw refusedBy(error, 'INVALID_OPTION', { path: ['subject'], says: 'revoke: ' });
    await this.#revocations.add(subjectId);
    await setTimeout(MS_PER_SECOND - (Math.floor(this.#now()) % MS_PER_SECOND));
  }

  /** Number of open sessions. */
  get size(): number {
    let size = 0;
    for (const sessions of this.#open.values()) size += sessions.size;
    return size;
  }

  /** Stops following revocations. */
  close(): void {
    this.#revocations.close();
  }

  #revokeOpen(subjectId: string): void {
    for (const session of [...(this.#open.get(subjectId) ?? [])]) session.revoke();
  }

  #remove(session: Session): void {
    const { id } = session.subject;
    const open = this.#open.get(id);
    open?.delete(session);
    if (open?.size === 0) this.#open.delete(id);
  }
}
