import * as z from 'zod';
import { cursorSchema } from './cursor.ts';
import { timestampSchema } from './events.ts';
import { anyCursorSchema } from './topics-cursor.ts';

/** Most events that `{ last: n }` may ask for. */
export const MAX_LAST = 10_000;

const last = z.strictObject({ last: z.int().min(1).max(MAX_LAST) });
const at = z.strictObject({ at: timestampSchema });

const error = 'A place to start is a cursor, { last: n } or { at: ISO 8601 time, as text }';

/** The start of a page of history: after a cursor, with the last n matching events, or at a time. */
export const sinceSchema = z.union([cursorSchema, last, at], { error });

/** The start of a subscription, in each of its topics. */
export const subscribeSinceSchema = z.union([anyCursorSchema, last, at], { error });

/** A cursor · `{ last: n }`: the last n matching events · `{ at }`: everything appended since an ISO 8601 time. */
export type Since = z.output<typeof sinceSchema>;
