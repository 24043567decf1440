import type { AnyCatalog } from '../catalog.ts';
import { EventsError } from '../errors.ts';
import type { EventData, EventName } from '../events.ts';
import { fieldKinds } from './field-kinds.ts';
import { keysOf } from './field-path.ts';
import type { FieldPath } from './types.ts';
import { valueAt } from './value-at.ts';

/** A field of the data of events `N`, as a filter names it: `agent_id`, `sentiment.label`. */
export type LatestBy<N extends EventName<C>, C extends AnyCatalog> =
  unknown extends EventData<N, C>
    ? string // of a catalog that is not known to the compiler
    : FieldPath<EventData<N, C>>;

/**
 * What events are to be the latest of: of a type, and of the value of a field. To an event without the field it is null.
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
  return (type, data) => {
    const value = valueAt(data, keys) ?? null;
    // What a schema leaves open may be anything. Text goes as it is: this is done for each event.
    return `${type} ${typeof value === 'string' ? `"${value}` : (JSON.stringify(value, named) ?? typeof value)}`;
  };
}

/** JSON has none of these, and would refuse the first, or take the others for one another. */
function named(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Number.isFinite(value) ? value : `number ${value}`;
  return value instanceof Map || value instanceof Set ? [...value] : value;
}
