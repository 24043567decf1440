import { useCallback, useMemo, useState } from 'react';
import type { AnyCatalog } from '../../shared/catalog.ts';
import type { EventInput, EventName } from '../../shared/events.ts';
import type { ClientPublishOptions } from '../publishing.ts';
import type { EventStore } from '../store/event-store.ts';
import type { UsePublishResult } from './types.ts';

/** Publishing from a component: what became of it is state, never an exception. */
export function usePublishing<N extends EventName<C>, C extends AnyCatalog>(
  store: EventStore<C>,
  type: N,
): UsePublishResult<N, C> {
  const [inFlight, setInFlight] = useState(0);
  const [error, setError] = useState<Error | null>(null);
  const publish = useCallback(
    async (data: EventInput<N, C>, options?: ClientPublishOptions) => {
      setInFlight((count) => count + 1);
      try {
        const result = await store.client().publish(type, data, options);
        setError(null);
        return result;
      } catch (cause) {
        setError(cause instanceof Error ? cause : new Error(String(cause)));
        return undefined;
      } finally {
        setInFlight((count) => count - 1);
      }
    },
    [store, type],
  );
  return useMemo(() => ({ publish, pending: inFlight > 0, error }), [publish, inFlight, error]);
}
