import { z } from 'zod';
import { filterSchema } from '../../shared/filter/filter-schema.ts';
import type { AnyFilter } from '../../shared/filter/types.ts';

/**
 * What a subject may do. Patterns are names in which `*` stands for anything: `agent_*`, `run-42`, `*`. What is left
 * out is not allowed.
 */
export interface Claims {
  /** Event types it may publish. */
  readonly publish?: readonly string[] | undefined;
  /** Event types it may see, live and in history. */
  readonly subscribe?: readonly string[] | undefined;
  /** Topics all of this holds for. Topics that begin with `_` are private: a pattern must begin with `_` to match one. */
  readonly topics?: readonly string[] | undefined;
  /** Whether it may see what the process did. */
  readonly stats?: boolean | undefined;
  /** Whether it may control what runs on its topics: a simulation. */
  readonly control?: boolean | undefined;
  /** Conditions that all events it sees must meet, whatever it asks for [D8]. */
  readonly filter?: AnyFilter | undefined;
}

/** Who asks. */
export interface Subject {
  /** What `sessions.revoke` takes. */
  readonly id: string;
  readonly claims: Claims;
  /** When its session ends, Unix ms. Default: when its connection does. */
  readonly expiresAt?: number | undefined;
  /** When its token was issued, Unix ms: one issued before the subject was revoked is refused. */
  readonly issuedAt?: number | undefined;
}

const patterns = z.array(z.string().min(1).max(128)).max(256).optional();

/** Claims from outside: of a token, of a configuration. Other fields are left out, not refused. */
export const claimsSchema = z.object({
  publish: patterns,
  subscribe: patterns,
  topics: patterns,
  stats: z.boolean().optional(),
  control: z.boolean().optional(),
  filter: filterSchema.optional(),
});
