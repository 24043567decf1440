import { type Context, type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { createClient } from '../client.ts';
import type { Asked, ConnectionParams, Token } from '../connection/credentials.ts';
import { FeedStore } from '../store/feed-store.ts';
import { sameItems } from '../store/source.ts';
import type { EventsProviderProps } from './types.ts';

/** The provider of a context. */
export function createProvider<C extends AnyCatalog>(
  StoreContext: Context<FeedStore<C> | null>,
  catalog: C | undefined,
): (props: EventsProviderProps<C>) => ReactNode {
  /** One store for its whole life: rendering makes it, only effects use it. */
  function StoreProvider(props: EventsProviderProps<C>): ReactNode {
    const { url, path, client, children } = props;
    const latest = useRef(props);
    useEffect(() => {
      latest.current = props;
    });
    const [store] = useState(
      () =>
        new FeedStore<C>({
          closes: client === undefined,
          connect: () => client ?? createClient<C>({ url, path, catalog, ...latestOf(latest) }),
        }),
    );
    useEffect(() => store.hold(), [store]);
    return <StoreContext.Provider value={store}>{children}</StoreContext.Provider>;
  }

  function EventsProvider(props: EventsProviderProps<C>): ReactNode {
    const server = [
      props.client,
      props.url,
      props.path,
      props.token === undefined,
      props.connectionParams === undefined,
    ];
    const [life, setLife] = useState({ server, number: 0 });
    // Another server is another life.
    if (!sameItems(life.server, server)) setLife({ server, number: life.number + 1 });
    return <StoreProvider key={life.number} {...props} />;
  }
  return EventsProvider;
}

/** The token and params of the latest render, whenever a connection asks for them. */
function latestOf(
  ref: RefObject<{ token?: Token | undefined; connectionParams?: ConnectionParams | undefined }>,
): { token: Token | undefined; connectionParams: ConnectionParams | undefined } {
  const { token, connectionParams } = ref.current;
  return {
    token: token === undefined ? undefined : () => currentOf(ref.current.token, ''),
    connectionParams:
      connectionParams === undefined ? undefined : () => currentOf(ref.current.connectionParams, {}),
  };
}

function currentOf<T extends string | object>(asked: Asked<T> | undefined, nothing: T): T | Promise<T> {
  return typeof asked === 'function' ? asked() : (asked ?? nothing);
}
