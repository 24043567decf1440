import type { AnyCatalog } from '../catalog.ts';
import type { EventName, EventOf } from '../events.ts';

/** The events of a topic that are open, as they are now. */
export interface OpenPage<N extends EventName<C>, C extends AnyCatalog> {
  /** Each with the cursor that its beginning was answered with. None of them is a record: `stored` is false. */
  items: { cursor: string; event: EventOf<N, C> }[];
  /** The end of the log then: a subscription since it tells all that follows. */
  cursor: string;
}
