/** Ms for which an event stays open without a word of its owner, where nothing else is said [O8]. */
export const LEASE_MS = 15_000;
/** Shortest and longest lease, and the shortest time of a question. */
export const MIN_LEASE_MS = 1_000;
export const MAX_LEASE_MS = 60 * 60 * 1000;
/** Ms for which a question waits for its answer, where nothing else is said; and at most: 30 days. */
export const TIMEOUT_MS = 60 * 60 * 1000;
export const MAX_TIMEOUT_MS = 30 * 24 * 60 * 60 * 1000;

/** Ms for which changes of one event are joined after one that was sent [O11]. */
export const JOIN_MS = 50;

/** Characters of the reason why an event was given up, at most. */
export const MAX_REASON = 1000;

/** Characters of a growing event's text at most, in UTF-16 code units. */
export const MAX_GROWN = 256 * 1024;
