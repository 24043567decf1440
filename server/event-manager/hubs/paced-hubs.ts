import type { Asker } from '../reading/asker.ts';
import type { HeldRecords } from '../reading/held-records.ts';
import { type HubLease, lease, type SharedHub } from './hub.ts';
import { PacedHub, type Throttling } from './paced-hub.ts';

/** The paced hubs of this process: one for all who want the same of a topic at the same pace. */
export class PacedHubs {
  readonly #held: HeldRecords;
  readonly #entries = new Map<string, SharedHub & { hub: PacedHub; topic: HubLease }>();

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
      const topic = open();
      entry = { hub: new PacedHub(topic.hub, throttling, this.#held, asker), topic, users: 0 };
      this.#entries.set(key, entry);
    }
    const held = entry;
    return lease(held, () => {
      if (this.#entries.get(key) === held) this.#entries.delete(key);
      held.hub.close();
      held.topic.release();
    });
  }
}
