/** Limits on the cost of decoding one input. Decoding stops at the first that is exceeded. */
export interface WireLimits {
  /** Items of lists and fields of objects, at all levels together. A field counts twice: its name is looked at, too. */
  readonly maxNodes: number;
  /** Objects and lists in one another. */
  readonly maxDepth: number;
  /** Annotations, and paths of equal objects. */
  readonly maxAnnotations: number;
  /** Characters of one URL: to make it takes the square of its host's length. */
  readonly maxUrlChars: number;
  /** Characters of all regular expressions together: a dozen, `\p{RGI_Emoji}`, takes more than a ms to make. */
  readonly maxPatternChars: number;
}

/** Levels of an event's data: trees are walked by recursion, here and wherever they go. */
export const MAX_DATA_DEPTH = 64;

/**
 * Limits for input of strangers. Decoding, cleaning, validating and storing an input takes some µs for each value of it, in
 * one turn of the event loop, so that a body of 1 MiB with as many values as fit would stop everybody for seconds. The
 * largest event of our own, a network of 10 000 connections, has 110 000. Of data's levels, each that is a Map is two
 * in JSON; a batch has three more.
 */
export const INPUT_LIMITS: WireLimits = {
  maxNodes: 125_000,
  maxDepth: 136,
  maxAnnotations: 50_000,
  maxUrlChars: 8 * 1024,
  maxPatternChars: 1_000,
};

/** Limits for records of a log: as much as there is, since it was accepted once. */
export const LOG_LIMITS: WireLimits = {
  maxNodes: Number.POSITIVE_INFINITY,
  maxDepth: 256,
  maxAnnotations: Number.POSITIVE_INFINITY,
  maxUrlChars: Number.POSITIVE_INFINITY,
  maxPatternChars: Number.POSITIVE_INFINITY,
};

/** Levels of what is sent: those of a log, and of the page of history around it. */
export const MAX_OUTPUT_DEPTH = 320;

/** Limits for a server's answer, which its client asked for. */
export const OUTPUT_LIMITS: WireLimits = { ...LOG_LIMITS, maxDepth: MAX_OUTPUT_DEPTH + 1 };

/** Digits of a bigint: reading them costs the square of their number. */
export const MAX_BIGINT_DIGITS = 1_000;
