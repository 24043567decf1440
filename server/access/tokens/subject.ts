import * as z from 'zod';
import { filterSchema } from '../../../shared/filter/compile.ts';
import type { AnyFilter } from '../../../shared/filter/types.ts';

/**
 * Rights of a subject. Patterns are names in which `*` stands for anything: `agent_*`, `run-42`, `*`. What is left
 * out is not allowed.
 */
export interface Claims {
  /** Event types it may publish. */
  readonly publish?: readonly string[] | undefined;
  /** Event types it may see, live and in history. */
  readonly subscribe?: readonly string[] | undefined;
  /** Topics all of this holds for. Topics that begin with `_` are private: a pattern must begin with `_` to match one. */
  readonly topics?: readonly string[] | undefined;
  /** True if it may see what the process did. */
  readonly stats?: boolean | undefined;
  /** True if it may control what runs on its topics: a simulation. */
  readonly control?: boolean | undefined;
  /** Conditions that all events it sees must meet, whatever it asks for [D8]. */
  readonly filter?: AnyFilter | undefined;
}

/** A caller. `Sessions.open` refuses a subject of any other shape. */
export interface Subject {
  /** The name that `sessions.revoke` takes: 1–128 characters, no control characters. */
  readonly id: string;
  readonly claims: Claims;
  /** When its session ends, Unix ms. Default: when its connection does. */
  readonly expiresAt?: number | undefined;
  /** When its token was issued, Unix ms: one issued before the subject was revoked is refused. */
  readonly issuedAt?: number | undefined;
}

const patterns = z.array(z.string().min(1).max(128)).max(256).optional();

/** Latest time that a Date can hold, Unix ms. */
const LAST_TIME_MS = 8.64e15;

/** Unix ms. `JSON.parse` makes Infinity of `1e999`: a session that ends then would never end. */
const timeSchema = z.number().min(-LAST_TIME_MS).max(LAST_TIME_MS);

/** Unix seconds, as tokens have them: a whole number or a fraction. */
export const secondsSchema = z
  .number()
  .min(-LAST_TIME_MS / 1000)
  .max(LAST_TIME_MS / 1000);

/**
 * Id of a subject. Text only: `revoke` takes text, and a number would never be equal to it. No control characters and
 * no halves of surrogate pairs: an operator has to be able to type the id, and Redis to store it.
 */
export const subjectIdSchema = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u, 'must be text of 1–128 characters, none of them a control character');

/** Claims from outside: of a token, of a configuration. Other fields are left out, not refused. */
export const claimsSchema = z.object({
  publish: patterns,
  subscribe: patterns,
  topics: patterns,
  stats: z.boolean().optional(),
  control: z.boolean().optional(),
  filter: filterSchema.optional(),
});

/** A subject from outside: of `authenticate`, which may be anybody's code. */
export const subjectSchema = z.object({
  id: subjectIdSchema,
  claims: claimsSchema,
  expiresAt: timeSchema.optional(),
  issuedAt: timeSchema.optional(),
});
