import * as z from 'zod';
import { subjectIdSchema } from '../../../shared/events.ts';
import { filterSchema } from '../../../shared/filter/compile.ts';
import type { AnyFilter } from '../../../shared/filter/types.ts';

/**
 * Rights of a subject. Patterns are names in which `*` stands for any text: `agent_*`, `run-42`, `*`. A right that is left
 * out is not granted.
 */
export interface Claims {
  /** Event types it may publish, or begin, change and settle where they can be open. */
  readonly publish?: readonly string[] | undefined;
  /** Questions it may answer, whoever asked them. */
  readonly answer?: readonly string[] | undefined;
  /** Event types it may see, live and in history. */
  readonly subscribe?: readonly string[] | undefined;
  /** Topics for which the other rights hold. Topics that begin with `_` are private: only patterns that begin with `_` match them. */
  readonly topics?: readonly string[] | undefined;
  /** True if it may see the statistics of the process. */
  readonly stats?: boolean | undefined;
  /** True if it may control what runs on its topics, such as a simulation, and erase events there, also those that it may not see. */
  readonly control?: boolean | undefined;
  /** Conditions that all events it sees must meet, whatever it asks for [D8]. */
  readonly filter?: AnyFilter | undefined;
}

/** An authenticated caller. `Sessions.open` refuses a subject of any other shape. */
export interface Subject {
  /** The id that `sessions.revoke` takes: 1–128 characters, no control characters. */
  readonly id: string;
  readonly claims: Claims;
  /** True if nobody was authenticated: what it publishes names nobody. Default false. */
  readonly anonymous?: boolean | undefined;
  /** Time at which its session ends, Unix ms. Default: the session ends with its connection. */
  readonly expiresAt?: number | undefined;
  /** Time at which its token was issued, Unix ms: a token issued before the subject was revoked is refused. */
  readonly issuedAt?: number | undefined;
}

const patterns = z.array(z.string().min(1).max(128)).max(256).optional();

/** Latest time that a Date can hold, Unix ms. */
const LAST_TIME_MS = 8.64e15;

/** Unix ms. It must be finite: `JSON.parse` makes Infinity of `1e999`, and such a session would never end. */
const timeSchema = z.number().min(-LAST_TIME_MS).max(LAST_TIME_MS);

/** Unix seconds, as tokens have them: a whole number or a fraction. */
export const secondsSchema = z
  .number()
  .min(-LAST_TIME_MS / 1000)
  .max(LAST_TIME_MS / 1000);

/** Schema of claims of a token or a configuration. Other fields are dropped, not refused. */
export const claimsSchema = z.object({
  publish: patterns,
  answer: patterns,
  subscribe: patterns,
  topics: patterns,
  stats: z.boolean().optional(),
  control: z.boolean().optional(),
  filter: filterSchema.optional(),
});

/** Schema of a subject that `authenticate` returned, which may be an application's code. */
export const subjectSchema = z.object({
  id: subjectIdSchema,
  claims: claimsSchema,
  anonymous: z.boolean().optional(),
  expiresAt: timeSchema.optional(),
  issuedAt: timeSchema.optional(),
});
