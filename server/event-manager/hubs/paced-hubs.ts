import type { Asker } from '../reading/asker.ts';
import type { HeldRecords } from '../reading/held-records.ts';
import type { HubLease } from './hub.ts';
import { PacedHub, type Throttling } from './paced-hub.ts';

/** The throttled hubs of this process: one for all who want the same of a topic at the same pace. */
export class PacedHubs {
  readonly #held: HeldRecords;
  readonly #entries = new Map<string, { hub: PacedHub; lease: HubLease; users: number }>();

  constructor(held: HeldRecords) {
    this.#held = held;
  }

  /**
   * @param key equal for equal topics and throttlings
   * @param open opens the topic's own hub
   * @param asker for whom: what the hub holds counts for the first
   */
  acquire(key: string, open: () => HubLease, throttling: Throttling, asker: Asker): HubLease {
    let entry = this.#entries.get(key);
    if (!entry) {
      const lease = open();
      entry = { hub: new PacedHub(lease.hub, throttling, this.#held, asker), lease, users: 0 };
      this.#entries.set(key, entry);
    }
    const held = entry;
    held.users++;
    let released = false;
    return {
      hub: held.hub,
      release: () => {
        if (released) return;
        released = true;
        if (--held.users > 0) return;
        if (this.#entries.get(key) === held) this.#entries.delete(key);
        held.hub.close();
        held.lease.release();
      },
    };
  }
}
