import { randomUUID } from 'node:crypto';
import type { Broker } from '../../../server/broker/broker.ts';
import type { OpenEvents, Owner } from '../../../server/broker/open/open-events.ts';
import { EventsError } from '../../../shared/index.ts';
import { lend } from '../logs/backend.ts';

/** One part of open sets as a faulty broker has it. */
type Break = (open: OpenEvents, broker: Broker) => Partial<OpenEvents>;

/** Faults of a broker's open sets: of each, one protection is taken off. */
const BREAKS: Readonly<Record<string, Break>> = {
  'appends the settlement first, and takes the event out later': (open, broker) => ({
    async settle(topic, { entry, ...settling }) {
      if (entry && 'entry' in (await open.find(topic, settling.id)))
        await broker.publish(topic, [{ ...entry, id: randomUUID() }]);
      return open.settle(topic, settling);
    },
  }),
  'appends at the end, whatever the offset': (open) => ({
    async append(topic, owner, at, text) {
      const found = await open.find(topic, owner.id);
      const length = 'grows' in found ? found.grows?.text.length : undefined;
      return open.append(topic, owner, length ?? at, text);
    },
  }),
  'takes any text before the end for text that is there': (open) => ({
    async append(topic, owner, at, text) {
      const found = await open.find(topic, owner.id);
      const length = 'grows' in found ? found.grows?.text.length : undefined;
      return length !== undefined && at < length ? length : open.append(topic, owner, at, text);
    },
  }),
  'lets each node settle what has lapsed': (open, broker) => ({
    async settle(topic, settling) {
      try {
        return await open.settle(topic, settling);
      } catch (error) {
        const { entry, as } = settling;
        if (as !== 'lapsed' || !entry || !(error instanceof EventsError)) throw error;
        await broker.publish(topic, [{ ...entry, id: randomUUID() }]);
        return error.settled ?? null;
      }
    },
  }),
  'settles what has lapsed although it was renewed': (open) => ({
    lapsed: async () => {
      const topics = ['default', 'run-4'];
      const sets = await Promise.all(topics.map((topic) => open.read(topic)));
      return sets.flatMap(({ events }, index) =>
        events.map((event) => ({ topic: topics[index] ?? '', event })),
      );
    },
    settle: (topic, { as, ...settling }) =>
      open.settle(topic, { ...settling, as: as === 'lapsed' ? 'anybody' : as }),
  }),
  'renews no lease that is touched': () => ({ touch: async () => [] }),
  'begins a key again': (open) => ({
    async begin(topic, event, most) {
      const begun = await open.begin(topic, event, most);
      return { ...begun, resumed: false };
    },
  }),
  'lets anybody change an event': (open) => {
    const owners = new Map<string, Owner>();
    return {
      async begin(topic, event, most) {
        const begun = await open.begin(topic, event, most);
        if (begun.id === event.id) owners.set(event.id, event);
        return begun;
      },
      append: (topic, owner, at, text) => open.append(topic, owners.get(owner.id) ?? owner, at, text),
    };
  },
};

/** Faults of a broker's open sets. */
export const SET_FAULTS = Object.keys(BREAKS);

/** A broker that does one thing wrong with its open sets. */
export function breakSets(broker: Broker, fault: string): Broker {
  const { open } = broker;
  const parts = BREAKS[fault];
  if (!parts || !open) throw new Error(`no such fault: ${fault}`);
  return { ...lend(broker), open: { ...open, ...parts(open, broker) } };
}
