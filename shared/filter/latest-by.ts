import type { AnyCatalog } from '../catalog.ts';
import { EventsError } from '../errors.ts';
import type { EventData, EventName } from '../events.ts';
import { fieldKinds, keysOf, kindOf, valueAt } from './fields.ts';
import { MAX_TEXT, nameOf } from './operators.ts';
import type { FieldPath, FilterValue } from './types.ts';

/** A field of the data of events `N`, as a filter names it: `agent_id`, `sentiment.label`. */
export type LatestBy<N extends EventName<C>, C extends AnyCatalog> =
  unknown extends EventData<N, C>
    ? string // of a catalog that is not known to the compiler
    : FieldPath<EventData<N, C>>;

/**
 * Conflation key: of events with equal keys only the latest counts. It is made of the type and the value of a field,
 * which is null for an event without the field.
 * Texts count by their first 1024 characters and their length, lists and objects as one value.
 * @returns a name for each; equal names replace each other
 * @throws EventsError INVALID_FILTER if none of the types has the field
 */
export function compileLatestBy(
  catalog: AnyCatalog,
  types: readonly string[],
  path: string,
): (type: string, data: unknown) => string {
  const keys = keysOf(path);
  const known = types.some((type) => {
    const schema = catalog.has(type) ? catalog.schemas[type] : undefined;
    return keys !== null && schema !== undefined && fieldKinds(schema, keys).size > 0;
  });
  if (keys === null || !known) {
    const message = `is no field of ${types.join(' or ')} that has one value`;
    throw new EventsError(
      'INVALID_FILTER',
      `Invalid latestBy: ${JSON.stringify(path.slice(0, 80))} ${message}`,
      {
        issues: [{ path: ['latestBy'], message }],
      },
    );
  }
  return (type, data) => `${type} ${shortNameOf(valueAt(data, keys) ?? null)}`;
}

/**
 * A name for a value, short whatever the value is: each subscription makes one for each event, and keeps it for as long
 * as an interval lasts. What has no order among texts, numbers and the like (a list, an object) is one value.
 */
function shortNameOf(value: unknown): string {
  if (typeof value === 'string' && value.length > MAX_TEXT)
    return `string of ${value.length} ${value.slice(0, MAX_TEXT)}`;
  return kindOf(value) === undefined ? 'object' : nameOf(value as FilterValue);
}
