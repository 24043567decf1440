import type { Redis } from 'ioredis';
import type { Broker } from '../../server/broker/broker.ts';
import { topicKeys } from '../../server/broker/redis/log/keys.ts';
import { decodeNotification } from '../../server/broker/redis/log/record-codec.ts';

/** A broker whose tails pass on what is announced, and read nothing: no protection against a lost announcement. */
export function naiveTail(broker: Broker, connect: () => Redis): Broker {
  return {
    ...passOn(broker),
    async tail(topic, sink) {
      const { epoch, last } = await broker.bounds(topic);
      const redis = connect();
      redis.on('error', () => {});
      redis.on('smessage', (_, payload) => {
        const records = decodeNotification(payload);
        if (records) sink.records(records);
      });
      await redis.ssubscribe(topicKeys('psyche', topic).live);
      sink.start({ epoch, seq: last });
      return { close: () => redis.disconnect() };
    },
  };
}

/** A broker that never tells what cannot be delivered. */
export function hidesGaps(broker: Broker): Broker {
  return {
    ...passOn(broker),
    async read(topic, after, limit) {
      const { records, bounds } = await broker.read(topic, after, limit);
      return { gap: null, records, bounds };
    },
    tail: (topic, sink) =>
      broker.tail(topic, {
        start: (position) => sink.start(position),
        records: (records) => sink.records(records),
        gap() {},
      }),
  };
}

function passOn(broker: Broker): Broker {
  return {
    publish: (topic, entries) => broker.publish(topic, entries),
    erase: (topic, epoch, seqs, notices) => broker.erase(topic, epoch, seqs, notices),
    read: (topic, after, limit) => broker.read(topic, after, limit),
    bounds: (topic) => broker.bounds(topic),
    seek: (topic, at) => broker.seek(topic, at),
    topics: (sink) => broker.topics(sink),
    tail: (topic, sink) => broker.tail(topic, sink),
    close: () => broker.close(),
  };
}
