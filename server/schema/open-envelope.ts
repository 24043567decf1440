import * as z from 'zod';
import type { OpenFacts } from '../../shared/open/kinds.ts';
import { isStored } from '../../shared/open/kinds.ts';
import { type BegunKind, SETTLED_STATES } from '../../shared/open/open-part.ts';

/** Tells receivers that an event is no record: it has no place of its own in the log. */
const told = z.literal(false);

/** Fields that the envelope of an event of an open kind has beside those of every event. */
export function openFields({ kind, field, answers }: OpenFacts): Record<string, z.ZodType> {
  if (kind === 'ephemeral') return { stored: told };
  const open = openPart(kind, field);
  if (kind === 'growing') return { open: open.optional(), stored: told.optional() }; // it may be published complete
  return {
    open,
    stored: isStored(kind) ? told.optional() : told,
    ...(answers && { answer: answers.optional() }),
  };
}

function openPart(kind: BegunKind, field: string | undefined) {
  return z.strictObject({
    id: z.string().min(1).max(128),
    kind: z.literal(kind),
    state: z.enum(['open', ...SETTLED_STATES[kind]]),
    ...(field !== undefined && { field: z.literal(field) }),
    reason: z.string().max(1000).optional(),
  });
}
