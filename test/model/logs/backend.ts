import type { Broker } from '../../../server/broker/broker.ts';
import type { Retention } from '../../../server/broker/retention/retention.ts';
import type { LogEntry } from '../../../shared/index.ts';
import type { Kept } from '../reference/kept.ts';

export const TOPIC = 'default';
/** A second topic; its slot of a Cluster is on the master that has the first. */
export const OTHER_TOPIC = 'run-4';
/** Limits of a log, unless a test says otherwise. */
export const ALIKE: Kept = { maxRecords: 20 };
export const BY_TYPE: Kept = { maxRecords: 12, statuses: 3 };

export function retentionOf({ maxRecords, statuses }: Kept): Retention {
  return {
    maxRecords,
    ...(statuses !== undefined && { retention: { system_status: { records: statuses } } }),
  };
}

/** A log that nodes share, that restarts, and that can be lost. */
export interface Backend extends AsyncDisposable {
  readonly kept: Kept;
  /** A broker for one node; the node closes it. */
  broker(): Broker;
  /** Called while no node runs. */
  restart(): Promise<void>;
  lose(): Promise<void>;
  /** Time goes on by so much for leases and deadlines of open events, by the clock that the log goes by. */
  passTime(ms: number): Promise<void>;
  /**
   * Puts another log in the place of this one, as the code before all versions left it: of format 1, where there are
   * formats. Called as `lose` is.
   */
  inherit(entries: readonly LogEntry[]): Promise<void>;
  /** Sets what a replica has, from now on; null where a log has none. Called as `lose` is. */
  readonly replica: { copy(): Promise<void>; promote(): Promise<void> } | null;
  /** True if `lose`, `inherit` and `replica` may be used while nodes run: they have to find out. */
  readonly losesInPlace: boolean;
}

/** A broker that survives those who use it. */
export function lend(broker: Broker): Broker {
  return {
    publish: (topic, entries) => broker.publish(topic, entries),
    erase: (topic, epoch, seqs, notices) => broker.erase(topic, epoch, seqs, notices),
    read: (topic, after, limit) => broker.read(topic, after, limit),
    bounds: (topic) => broker.bounds(topic),
    seek: (topic, at) => broker.seek(topic, at),
    topics: (sink) => broker.topics(sink),
    tail: (topic, sink) => broker.tail(topic, sink),
    ...(broker.open && { open: broker.open }),
    async close() {},
  };
}
