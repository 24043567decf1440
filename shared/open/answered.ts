import type { Settlement } from './open-part.ts';

/** The end of a question. */
export interface Answered<A> {
  /** Undefined where nobody answered. */
  answer: A | undefined;
  /** Id of the subject that answered, or withdrew it, where one is authenticated. */
  by: string | undefined;
  state: 'answered' | 'withdrawn' | 'expired';
}

/** A question's settlement as its end: it has no other states, and a server has parsed its answer. */
export function answeredBy<A>({
  state,
  by,
  answer,
}: Pick<Settlement, 'by' | 'answer'> & { state: string }): Answered<A> {
  return { state: state as Answered<A>['state'], by, answer: answer as A | undefined };
}
