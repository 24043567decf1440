import type { Broker, LogRecord, Tail, TailSink } from '../../../server/broker/broker.ts';

/** Faults on the way from a broker to a node: announcements of records come late, and changes of open sets are lost. */
export class Wild {
  /** False: announcements of records wait. */
  flows = true;
  /** True: changes of open sets are lost. */
  loses = false;
  #late: { sink: TailSink; batch: readonly LogRecord[] }[] = [];

  /** A broker of whose tails this is true. */
  around(broker: Broker): Broker {
    return {
      publish: (topic, entries) => broker.publish(topic, entries),
      erase: (topic, epoch, seqs, notices) => broker.erase(topic, epoch, seqs, notices),
      read: (topic, after, limit) => broker.read(topic, after, limit),
      bounds: (topic) => broker.bounds(topic),
      seek: (topic, at) => broker.seek(topic, at),
      topics: (sink) => broker.topics(sink),
      tail: (topic, sink) => this.#tail(broker, topic, sink),
      ...(broker.open && { open: broker.open }),
      close: () => broker.close(),
    };
  }

  /** What was late comes, and all that follows comes at once. */
  flow(): void {
    this.flows = true;
    for (const { sink, batch } of this.#late.splice(0)) sink.records(batch);
  }

  async #tail(broker: Broker, topic: string, sink: TailSink): Promise<Tail> {
    const tail = await broker.tail(topic, {
      start: (position) => sink.start(position),
      records: (batch) => {
        if (this.flows) sink.records(batch);
        else this.#late.push({ sink, batch });
      },
      gap: (gap) => {
        this.flow(); // it is behind what is late
        sink.gap(gap);
      },
      ...(sink.open && {
        open: {
          set: (set) => sink.open?.set(set),
          change: (change) => {
            if (!this.loses) sink.open?.change(change);
          },
          ephemeral: (entry, at) => sink.open?.ephemeral(entry, at),
        },
      }),
    });
    return {
      close: () => {
        tail.close();
        this.#late = this.#late.filter((late) => late.sink !== sink);
      },
    };
  }
}
