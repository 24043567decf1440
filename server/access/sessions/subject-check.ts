import { formatIssues, toIssues } from '../../../shared/errors.ts';
import { noOption } from '../../../shared/options/known-options.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ToldOnce } from '../../telemetry/told-once.ts';
import { unauthenticated } from '../tokens/authenticate.ts';
import { claimsSchema, type Subject, subjectSchema } from '../tokens/subject.ts';

/** Kinds of wrong answers that are told apart; further ones are not told: an application does not have so many faults. */
const MAX_KINDS = 100;
/** Characters of a claim's name by which kinds are told apart. */
const MAX_CHARS = 60;
/** Claims of a JWT itself, of one whose whole payload is returned. */
const OF_JWT = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'];
/** Issues of one answer that are told. */
const MAX_ISSUES = 3;

/**
 * Checks what an `authenticate` returned, which may be an application's code. The fault is the server's: its log has each
 * kind once, with the path of the field and what was expected there, and the client is told nothing of it.
 */
export class SubjectCheck {
  readonly #logger: Logger;
  readonly #told = new ToldOnce(MAX_KINDS);

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws EventsError UNAUTHENTICATED */
  assert(answer: unknown): asserts answer is Subject {
    const { error } = subjectSchema.safeParse(answer);
    if (!error) {
      this.#look(answer);
      return;
    }
    const issues = toIssues(error).slice(0, MAX_ISSUES);
    this.#tell(formatIssues(issues.map(({ path, message }) => ({ path: ['subject', ...path], message }))));
    throw unauthenticated('The server could not tell who you are: the fault is its own, and its log has it.');
  }

  /** Warns of a claim that is none: it grants nothing, and may be a slip. Those of a JWT itself are known. */
  #look(answer: unknown): void {
    const { claims }: { claims?: object } = answer as object;
    for (const name of Object.keys(claims ?? {})) {
      if (Object.hasOwn(claimsSchema.shape, name) || OF_JWT.includes(name)) continue;
      if (!this.#told.isNew(name.slice(0, MAX_CHARS))) continue;
      const slip = noOption(name, Object.keys(claimsSchema.shape), 'claim, and grants nothing');
      this.#logger.warn({}, `authenticate returned claims in which ${slip}`);
    }
  }

  #tell(fault: string): void {
    if (!this.#told.isNew(fault)) return;
    this.#logger.error(
      {},
      `authenticate must return a subject, { id, claims }, or throw an EventsError: ${fault}. Its callers are refused.`,
    );
  }
}
