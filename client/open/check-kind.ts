import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { BegunKind } from '../../shared/open/open-part.ts';

const VERBS = { growing: 'begin', question: 'ask', presence: 'join', ephemeral: 'publish' } as const;

/** Checks that an event is of a kind. @throws EventsError INVALID_OPTION that names the verb for its own */
export function checkKind(catalog: AnyCatalog, type: string, wanted: BegunKind): void {
  const kind = catalog.opens[type]?.kind;
  if (kind === wanted) return;
  throw new EventsError(
    'INVALID_OPTION',
    `${type} is ${kind ?? 'complete'}: ${kind ? VERBS[kind] : 'publish'} it.`,
  );
}
