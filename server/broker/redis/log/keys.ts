/** Names of a topic's keys and channel in Redis. They share a hash tag, so a Cluster keeps them on one node. */
export interface TopicKeys {
  /** Stream: the records, `<seq>-0`. */
  readonly log: string;
  /** Hash: epoch, last sequence number and time. */
  readonly meta: string;
  /** Sorted set: the heads of erased records, each `<seq> <head>`, by their numbers. */
  readonly erased: string;
  /** Hash: ids of entries of the last minutes, each with its cursor. */
  readonly ids: string;
  /** Hash: ids of entries of the minutes before, likewise. */
  readonly olderIds: string;
  /** Hash: where the open set stands, and the state of each open event. All other keys of the set begin with its name. */
  readonly open: string;
  /** Sharded Pub/Sub channel: announcements of records, and of changes of the open set. */
  readonly live: string;
}

/** @param db number of the database. Databases have separate keys, but share channels, so the channel contains it. */
export function topicKeys(prefix: string, topic: string, db = 0): TopicKeys {
  const root = `${prefix}:{${topic}}`;
  return {
    log: `${root}:log`,
    meta: `${root}:meta`,
    erased: `${root}:erased`,
    ids: `${root}:ids`,
    olderIds: `${root}:ids:older`,
    open: `${root}:open`,
    live: channel(root, db),
  };
}

/** List: the numbers of the records of a type that has a limit of its own, or `*` of all that have none; each topic has one for each. */
export function typeKey(prefix: string, topic: string, type: string): string {
  return `${prefix}:{${topic}}:of:${type}`;
}

/** Channels of database 0 have no number: a Cluster has no other database, and older versions announce there. */
function channel(root: string, db: number): string {
  return db === 0 ? `${root}:live` : `${root}:live:${db}`;
}

/** Names of the keys and channel of the index of topics. */
export interface IndexKeys {
  /** Sorted set: names of topics, each with the time it was last entered. */
  readonly topics: string;
  /** Hash: the time that an entry is kept. */
  readonly kept: string;
  /** Hash: schemas of events, see Broker.keepSchemas. */
  readonly schemas: string;
  /** Sorted set: topics with open events, each with the time at which it is to be looked at. */
  readonly open: string;
  /** Sharded Pub/Sub channel: names that were added. */
  readonly live: string;
}

/** No topic can be named `*`, so no topic has these keys. */
export function indexKeys(prefix: string, db = 0): IndexKeys {
  const root = `${prefix}:{*}`;
  return {
    topics: `${root}:topics`,
    kept: `${root}:kept`,
    schemas: `${root}:schemas`,
    open: `${root}:open`,
    live: channel(root, db),
  };
}

/** @throws TypeError when keys with this prefix would not share a hash tag */
export function checkPrefix(prefix: string): string {
  if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(prefix)) {
    throw new TypeError(
      `RedisBroker: prefix must be 1–128 characters of A–Z a–z 0–9 _ . : -, not ${JSON.stringify(prefix)}`,
    );
  }
  return prefix;
}
