/** Ms of the longest timer there is: one for longer ends at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
