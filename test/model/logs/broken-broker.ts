import type { Broker, LogRecord, TailSink } from '../../../server/broker/broker.ts';

/** Faults of a broker. */
export const FAULTS = [
  'drops',
  'reorders',
  'repeats',
  'hides gaps',
  'stores keys twice',
  'keeps what it erases',
] as const;
type Fault = (typeof FAULTS)[number] | 'none';

/** A broker that does one thing wrong. */
export function breakBroker(broker: Broker, fault: Fault): Broker {
  return {
    bounds: (topic) => broker.bounds(topic),
    seek: (topic, at) => broker.seek(topic, at),
    topics: (sink) => broker.topics(sink),
    close: () => broker.close(),
    async erase(topic, epoch, seqs, notices) {
      if (fault !== 'keeps what it erases') return broker.erase(topic, epoch, seqs, notices);
      await broker.publish(topic, notices);
      return seqs.length;
    },
    publish: (topic, entries) =>
      broker.publish(
        topic,
        fault === 'stores keys twice'
          ? entries.map((entry, index) => ({ ...entry, id: `${entry.id} ${index} ${performance.now()}` }))
          : entries,
      ),
    async read(topic, after, limit) {
      const result = await broker.read(topic, after, limit);
      return fault === 'hides gaps' ? { ...result, gap: null } : result;
    },
    tail: (topic, sink) =>
      broker.tail(topic, { ...bind(sink), records: (batch) => pass(batch, fault, sink) }),
  };
}

function pass(batch: readonly LogRecord[], fault: Fault, sink: TailSink): void {
  const [first] = batch;
  if (fault === 'drops') sink.records(batch.filter(({ seq }) => seq % 7 !== 0));
  else if (fault === 'reorders') sink.records([...batch].reverse());
  else sink.records(batch);
  if (fault === 'repeats' && first) sink.records([first]);
}

function bind(sink: TailSink): Pick<TailSink, 'start' | 'gap'> {
  return { start: (position) => sink.start(position), gap: (gap) => sink.gap(gap) };
}
