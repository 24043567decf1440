/** Counts of this process since it started; the answer of the `stats` query. */
export interface EventStats {
  /** ISO 8601. */
  startedAt: string;
  /** ISO 8601 time of this answer, by the clock that events without a time of their own are stamped by. */
  now: string;
  /** Events accepted for publishing by this process, per type. */
  published: Record<string, number>;
  /** Events handed out by this process's hubs, per type; topics that nobody follows are not counted. */
  received: Record<string, number>;
  /** ISO 8601 time at which the last event was handed out, or null. */
  lastEventAt: string | null;
  /** Publishes in flight to the broker, throttled ones that wait included. */
  queueSize: number;
  /** The `queueSize` at which publishing is refused with OVERLOADED. */
  queueLimit: number;
  /** Open subscriptions of clients. */
  subscribers: number;
  /** In-process listeners. */
  listeners: number;
  /** Topics followed by this process. */
  topics: string[];
  errors: {
    /** Publishes refused because the event was not valid. */
    invalid: number;
    overloaded: number;
    /** Publishes that the broker failed. */
    unavailable: number;
    /** Listeners that threw or rejected. */
    listener: number;
    /** Records found in the log that were not valid events. */
    malformed: number;
  };
}
