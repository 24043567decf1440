import { type AnyCatalog, unknownEvent } from '../../shared/catalog.ts';
import { kindsOf } from '../../shared/data/kinds.ts';
import { type Expectation, type Expects, optionsOnly } from '../../shared/wire/expectation.ts';

/** Types that may be annotated in the input of a publish: in `data` those that the event's schema can hold. */
export function expectsData(catalog: AnyCatalog, name: string): Expects {
  return (path) => (path[0] === 'data' ? ofEvent(catalog, name) : optionsOnly(path));
}

/** Types that may be annotated in a batch: in each event's `data` those that the schema of that event can hold. */
export function expectsEvents(catalog: AnyCatalog, events: readonly { event_type: string }[]): Expects {
  return (path) => {
    const event = path[0] === 'events' && path[2] === 'data' ? events[Number(path[1])] : undefined;
    return event ? ofEvent(catalog, event.event_type) : optionsOnly(path);
  };
}

function ofEvent(catalog: AnyCatalog, name: string): Expectation {
  const schema = catalog.has(name) ? catalog.schemas[name] : undefined;
  if (!schema) throw unknownEvent(name, catalog.names);
  return { kinds: kindsOf(schema), code: 'INVALID_EVENT' };
}
