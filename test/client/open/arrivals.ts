import type { EventsClient, OnOptions } from '../../../client/index.ts';
import type { AnyCatalog, EventName, EventOf } from '../../../shared/index.ts';

/** Events as a handler got them: each is a copy, and its object besides. */
export function arrivals<C extends AnyCatalog, N extends EventName<C>>(
  client: EventsClient<C>,
  type: N,
  options: OnOptions<N, C> = {},
) {
  const objects: EventOf<N, C>[] = [];
  const handle = client.on(type, (event) => objects.push(event), options);
  return { objects, ready: handle.ready, stop: () => handle.unsubscribe() };
}

/** State and one field of each event, as text. */
export function told(
  events: readonly { data: unknown; open?: { state: string } | undefined }[],
  field: string,
) {
  return events.map(({ data, open }) => `${Reflect.get(Object(data), field)} ${open?.state}`);
}
