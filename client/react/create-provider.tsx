import { type Context, type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { createClient } from '../client.ts';
import type { Token } from '../credentials.ts';
import { EventStore } from '../store/event-store.ts';
import type { EventsProviderProps } from './types.ts';
import { sameItems } from './use-selection.ts';

/** The provider of a context. */
export function createProvider<C extends AnyCatalog>(
  StoreContext: Context<EventStore<C> | null>,
  catalog: C | undefined,
): (props: EventsProviderProps<C>) => ReactNode {
  /** One store for its whole life: rendering makes it, only effects use it. */
  function StoreProvider({ url, token, client, children }: EventsProviderProps<C>): ReactNode {
    const latestToken = useRef(token);
    useEffect(() => {
      latestToken.current = token;
    }, [token]);
    const [store] = useState(
      () =>
        new EventStore<C>({
          closes: client === undefined,
          connect: () => client ?? createClient<C>({ url, catalog, token: latestOf(latestToken) }),
        }),
    );
    useEffect(() => store.hold(), [store]);
    return <StoreContext.Provider value={store}>{children}</StoreContext.Provider>;
  }

  function EventsProvider(props: EventsProviderProps<C>): ReactNode {
    const server = [props.client, props.url, props.token === undefined];
    const [life, setLife] = useState({ server, number: 0 });
    // Another server is another life.
    if (!sameItems(life.server, server)) setLife({ server, number: life.number + 1 });
    return <StoreProvider key={life.number} {...props} />;
  }
  return EventsProvider;
}

/** The token of the latest render, whenever a connection asks for it. */
function latestOf(ref: RefObject<Token | undefined>): Token | undefined {
  if (ref.current === undefined) return undefined;
  return () => (typeof ref.current === 'function' ? ref.current() : (ref.current ?? ''));
}
