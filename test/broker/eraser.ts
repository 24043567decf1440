import * as z from 'zod';
import { type Broker, EventManager, RedisBroker, SqliteBroker } from '../../server/index.ts';
import { defineEvents } from '../../shared/index.ts';

/** Publishes and erases events until it is killed, and prints a line for each call. */
const [kind, where = '', prefix = '', mode, start] = process.argv.slice(2);

const broker: Broker =
  kind === 'SqliteBroker'
    ? await SqliteBroker.open({ path: where, maxRecords: 1_000_000 })
    : new RedisBroker({ url: where }, { prefix, timeoutMs: 20_000, maxRecords: 1_000_000 });
const catalog = defineEvents({ note: z.object({ n: z.number() }), mood: z.object({ n: z.number() }) });

/** The control: a call in several steps, the notices in the last of them; it ends in their midst. */
const torn: Broker = {
  publish: (topic, entries) => broker.publish(topic, entries),
  read: (topic, after, limit) => broker.read(topic, after, limit),
  bounds: (topic) => broker.bounds(topic),
  seek: (topic, at) => broker.seek(topic, at),
  tail: (topic, sink) => broker.tail(topic, sink),
  topics: (sink) => broker.topics(sink),
  close: () => broker.close(),
  async erase(topic, epoch, seqs, notices) {
    for (const [index, seq] of seqs.entries()) {
      if (index === seqs.length - 1) process.kill(process.pid, 'SIGKILL');
      await broker.erase(topic, epoch, [seq], index === seqs.length - 1 ? notices : []);
    }
    return seqs.length;
  },
};

const manager = new EventManager({ catalog, broker: mode === 'torn' ? torn : broker });
for (let n = Number(start); ; n += 20) {
  await manager.publishBatch(
    Array.from({ length: 20 }, (_, i) => ({ event_type: i % 3 ? 'note' : 'mood', data: { n: n + i } })),
  );
  const { erased } = await manager.erase({ filter: { n: { gte: n + 5 } } });
  process.stdout.write(`${erased}\n`);
}
