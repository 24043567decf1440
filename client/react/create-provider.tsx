import { type Context, type ReactNode, type RefObject, useEffect, useState } from 'react';
import type { AnyCatalog } from '../../shared/catalog.ts';
import { createClient } from '../client.ts';
import type { Asked, ConnectionParams, Token } from '../connection/credentials.ts';
import { FeedStore } from '../store/feed-store.ts';
import { sameItems } from '../store/source.ts';
import type { EventsProviderProps } from './types.ts';

/** The state of a provider for as long as it names the same server. */
interface Life<C extends AnyCatalog> {
  readonly server: readonly unknown[];
  /** Props of the latest render. */
  readonly latest: RefObject<EventsProviderProps<C>>;
  readonly store: FeedStore<C>;
}

/** The provider of a context. */
export function createProvider<C extends AnyCatalog>(
  StoreContext: Context<FeedStore<C> | null>,
  catalog: C | undefined,
): (props: EventsProviderProps<C>) => ReactNode {
  /** A life that begins with these props: rendering makes its store, only effects use it. */
  function beginning(props: EventsProviderProps<C>): Life<C> {
    const { url, path, client } = props;
    const latest = { current: props };
    const store = new FeedStore<C>({
      closes: client === undefined,
      connect: () => client ?? createClient<C>({ url, path, catalog, ...latestOf(latest) }),
    });
    return { server: serverOf(props), latest, store };
  }

  function EventsProvider(props: EventsProviderProps<C>): ReactNode {
    const [life, setLife] = useState(() => beginning(props));
    // Another server is another life. What is below stays mounted, and follows it anew.
    if (!sameItems(life.server, serverOf(props))) setLife(beginning(props));
    const { latest, store } = life;
    useEffect(() => {
      latest.current = props;
    });
    useEffect(() => store.hold(), [store]);
    return <StoreContext.Provider value={store}>{props.children}</StoreContext.Provider>;
  }
  return EventsProvider;
}

/** Names of a server, and whether there are credentials for it. An equal `URL` names the same one, though each render makes it. */
function serverOf<C extends AnyCatalog>({
  client,
  url,
  path,
  token,
  connectionParams,
}: EventsProviderProps<C>): readonly unknown[] {
  return [client, typeof url, url?.toString(), path, token === undefined, connectionParams === undefined];
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
