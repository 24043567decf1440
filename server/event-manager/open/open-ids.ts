import type { AnyCatalog } from '../../../shared/catalog.ts';
import { newEntryId } from '../../../shared/data/entry-ids.ts';
import { EventsError } from '../../../shared/errors.ts';
import type { OpenFacts } from '../../../shared/open/kinds.ts';
import type { BegunKind } from '../../../shared/open/open-part.ts';

/** Type and kind of an event that is begun. */
export interface BegunType extends OpenFacts<BegunKind> {
  readonly type: string;
}

/** An id that nobody can tell before. It names its event's type, so that rights are known before the event is looked for. */
export function newOpenId(type: string): string {
  return `${type}.${newEntryId()}`;
}

/** The type that an id names, if it is one of the catalog's that are begun. */
export function typeOfId(catalog: AnyCatalog, id: string): BegunType | undefined {
  return begunType(catalog, id.slice(0, Math.max(0, id.indexOf('.'))));
}

/** The facts of a type that is begun; undefined for any other. */
export function begunType(catalog: AnyCatalog, type: string): BegunType | undefined {
  const facts = Object.hasOwn(catalog.opens, type) ? catalog.opens[type] : undefined;
  return facts && isBegun(facts) ? { ...facts, type } : undefined;
}

/** Names of the events that are begun, in the catalog's order. */
export function begunNames(catalog: AnyCatalog): readonly string[] {
  return catalog.names.filter((name) => begunType(catalog, name));
}

/** Refuses to begin an event that is not begun. @throws EventsError UNKNOWN_EVENT, INVALID_OPTION */
export function unbegun(catalog: AnyCatalog, type: string): never {
  catalog.versionOf(type); // throws for an event that is not there
  const known = begunNames(catalog);
  const names = known.length > 0 ? `can be begun: ${known.join(', ')}` : 'can be begun: none of the catalog';
  throw new EventsError(
    'INVALID_OPTION',
    `${type} is complete when it is published: publish it. Events that ${names}.`,
  );
}

function isBegun(facts: OpenFacts): facts is OpenFacts<BegunKind> {
  return facts.kind !== 'ephemeral';
}
