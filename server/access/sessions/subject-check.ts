import { formatIssues, toIssues } from '../../../shared/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { unauthenticated } from '../tokens/authenticate.ts';
import { type Subject, subjectSchema } from '../tokens/subject.ts';

/** Kinds of wrong answers that are told apart; further ones are not told: an application does not have so many faults. */
const MAX_KINDS = 100;
/** Issues of one answer that are told. */
const MAX_ISSUES = 3;

/**
 * Checks what an `authenticate` returned, which may be an application's code. The fault is the server's: its log has each
 * kind once, with the path of the field and what was expected there, and the client is told nothing of it.
 */
export class SubjectCheck {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws EventsError UNAUTHENTICATED */
  assert(answer: unknown): asserts answer is Subject {
    const { error } = subjectSchema.safeParse(answer);
    if (!error) return;
    const issues = toIssues(error).slice(0, MAX_ISSUES);
    this.#tell(formatIssues(issues.map(({ path, message }) => ({ path: ['subject', ...path], message }))));
    throw unauthenticated('The server could not tell who you are: the fault is its own, and its log has it.');
  }

  #tell(fault: string): void {
    if (this.#told.has(fault) || this.#told.size >= MAX_KINDS) return;
    this.#told.add(fault);
    this.#logger.error(
      {},
      `authenticate must return a subject, { id, claims }, or throw an EventsError: ${fault}. Its callers are refused.`,
    );
  }
}
