import { setImmediate as turn } from 'node:timers/promises';
import type { Broker, LogRecord, Tail, TailSink } from '../../../server/broker/broker.ts';
import type { OpenEvents } from '../../../server/broker/open/open-events.ts';

/** Faults on the way from a broker to a node: records come late, changes of open sets are lost, and sets that are read come late. */
export class Wild {
  /** False: announcements of records wait. */
  flows = true;
  /** Number of changes of open sets that are lost, from now on. */
  loses = 0;
  /** Turns of the event loop that sets, and what has lapsed, take on their way. */
  readTurns = 0;
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
      ...(broker.open && { open: this.#sets(broker.open) }),
      close: () => broker.close(),
    };
  }

  /** Records that were late come, and all that follow come at once. */
  flow(): void {
    this.flows = true;
    for (const { sink, batch } of this.#late.splice(0)) sink.records(batch);
  }

  #sets(open: OpenEvents): OpenEvents {
    return {
      begin: (...event) => open.begin(...event),
      append: (...text) => open.append(...text),
      replace: (...entry) => open.replace(...entry),
      touch: (...ids) => open.touch(...ids),
      settle: (...settling) => open.settle(...settling),
      forget: (...ids) => open.forget(...ids),
      find: (...id) => open.find(...id),
      read: async (topic) => this.#slowly(await open.read(topic)),
      announce: (...entry) => open.announce(...entry),
      lapsed: async (most) => this.#slowly(await open.lapsed(most)),
    };
  }

  async #slowly<T>(read: T): Promise<T> {
    for (let count = 0; count < this.readTurns; count++) await turn();
    return read;
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
            if (this.loses === 0) sink.open?.change(change);
            else this.loses--;
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
