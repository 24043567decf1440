import type { Broker } from '../../../server/broker/broker.ts';
import { MemoryBroker } from '../../../server/broker/memory-broker.ts';
import type { Kept } from '../reference/kept.ts';
import { ALIKE, type Backend, lend, retentionOf, TOPIC } from './backend.ts';

/** @param wrap stands between the broker and the nodes */
export async function memoryBackend(
  wrap = (broker: Broker): Broker => broker,
  kept: Kept = ALIKE,
): Promise<Backend> {
  let time = Date.now();
  const begin = () => new MemoryBroker({ ...retentionOf(kept), now: () => time });
  let broker = begin();
  return {
    kept,
    broker: () => lend(wrap(broker)),
    replica: null,
    losesInPlace: false,
    async restart() {},
    async lose() {
      broker = begin();
    },
    async passTime(ms) {
      time += ms;
    },
    async inherit(entries) {
      broker = begin();
      await broker.publish(TOPIC, entries);
    },
    [Symbol.asyncDispose]: () => broker.close(),
  };
}
