import type { Broker } from '../../../server/broker/broker.ts';
import type { OpenChange, OpenSet } from '../../../server/broker/open/open-events.ts';
import { requireOpenSets } from '../../../server/broker/require-open-sets.ts';
import { overriding } from './overriding.ts';

/** Brokers without a protection, for controls. */

/** A broker that finds no event whose time is over: nobody settles what a dead owner has left. */
export function neverSweeps(broker: Broker): Broker {
  return overriding(broker, { open: overriding(requireOpenSets(broker), { lapsed: async () => [] }) });
}

/** A broker that settles in two steps, the record first and the set later. It dies between the two, at its first settlement. */
export function settlesInTwoSteps(broker: Broker): Broker {
  const sets = requireOpenSets(broker);
  const open = overriding(sets, {
    async settle(topic, { entry, ...settling }) {
      if (entry) await broker.publish(topic, [entry]);
      process.kill(process.pid, 'SIGKILL');
      return sets.settle(topic, settling);
    },
  });
  return overriding(broker, { open });
}

/** A broker that tells nobody of a log or an open set that was lost. */
export function hidesLoss(broker: Broker): Broker {
  return overriding(broker, {
    async read(topic, after, limit) {
      const { records, bounds } = await broker.read(topic, after, limit);
      return { gap: null, records, bounds };
    },
    tail(topic, sink) {
      const { open } = sink;
      let isTold = false;
      const told = open && {
        set(set: OpenSet) {
          if (!isTold) open.set(set);
          isTold = true;
        },
        change: (change: OpenChange) => open.change(change),
        ephemeral() {},
      };
      return broker.tail(topic, {
        start: (position) => sink.start(position),
        records: (records) => sink.records(records),
        gap() {},
        open: told,
      });
    },
  });
}
