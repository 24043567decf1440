import type { ErrorCode } from '../errors.ts';
import { KINDS, type Kind } from './format.ts';

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
