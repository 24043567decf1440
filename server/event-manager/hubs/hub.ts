import type { EventEmitter } from 'node:events';
import type { Position } from '../../../shared/cursor.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Steps } from '../reading/steps.ts';
import type { TopicReader } from '../reading/topic-reader.ts';
import type { StreamRecord } from '../records/stream-record.ts';

export interface HubEvents {
  /** Records in log order; `position` is the last one's place, or beyond, when this is emitted. Listeners must not throw. */
  batch: [records: readonly StreamRecord[]];
  closed: [];
}

/** Fans a topic's records out to caught-up feeds. `position` is the last record emitted. */
export interface Hub {
  readonly log: TopicReader;
  readonly watch: Telemetry;
  readonly emitter: EventEmitter<HubEvents>;
  /** Resolves once `position` is known. Rejects when the broker was closed. */
  started(): Promise<void>;
  /** Moves synchronously with handing out. Whoever stands here and joins misses nothing [D7]. */
  readonly position: Position;
  /** Its position before it moved on: a feed that takes none of the records handed out now still stands here. */
  readonly previous: Position;
  /** Records right after a position, as they would have been handed out: those of one step, when it is its turn. */
  read(after: Position, steps: Steps): ReturnType<TopicReader['read']>;
}

/** A hub that somebody uses: it stays open until `release`. */
export interface HubLease<H extends Hub = Hub> {
  readonly hub: H;
  release(): void;
}

/** A hub with the number of its users. */
export interface SharedHub {
  readonly hub: Hub;
  users: number;
}

/** Leases a hub to one more user. @param unused called when the last one has released it */
export function lease(shared: SharedHub, unused: () => void): HubLease {
  shared.users++;
  let released = false;
  return {
    hub: shared.hub,
    release() {
      if (released) return;
      released = true;
      if (--shared.users === 0) unused();
    },
  };
}
