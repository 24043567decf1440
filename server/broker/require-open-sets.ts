import { EventsError } from '../../shared/errors.ts';
import type { Broker } from './broker.ts';
import type { OpenEvents } from './open/open-events.ts';

/** The open sets of a broker. @throws EventsError INVALID_OPTION where it has none */
export function requireOpenSets({ open }: Pick<Broker, 'open'>): OpenEvents {
  if (open) return open;
  throw new EventsError(
    'INVALID_OPTION',
    'This broker keeps no open events: use one that has them, a MemoryBroker, SqliteBroker or RedisBroker.',
  );
}
