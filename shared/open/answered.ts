/** The end of a question. */
export interface Answered<A> {
  /** Undefined where nobody answered. */
  answer: A | undefined;
  /** Id of the subject that answered, or withdrew it, where one is authenticated. */
  by: string | undefined;
  state: 'answered' | 'withdrawn' | 'expired';
}
