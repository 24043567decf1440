import type { ErrorCode } from '../errors.ts';
import { KINDS, type Kind } from './format.ts';

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

/** Bytes of one input as text: of a body over HTTP, of a message over a WebSocket; characters of an ingress entry's data. */
export const MAX_INPUT_BYTES = 1_048_576;

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

/** The types that may be annotated at a place of an input, and the error code that refuses others. */
export interface Expectation {
  readonly kinds: ReadonlySet<Kind>;
  readonly code: ErrorCode;
}

/** Tells what is expected at a path of an input. */
export type Expects = (path: readonly string[]) => Expectation;

/**
 * Kinds that cost no more than their text and are one value: held everywhere, since a schema tells better what is wrong
 * with them, and a field that an older server does not know yet is one it leaves out.
 */
export const SCALARS: ReadonlySet<Kind> = new Set(['undefined', 'number', 'bigint', 'Date']);

export const ALL_KINDS: ReadonlySet<Kind> = new Set(KINDS);

const everything: Expectation = { kinds: ALL_KINDS, code: 'INVALID_OPTION' };
const options: Expectation = { kinds: SCALARS, code: 'INVALID_OPTION' };

/** Expects anything, for input of which nothing is known. */
export const anything: Expects = () => everything;

/** The options of a call: names, numbers, times. */
export const optionsOnly: Expects = () => options;
