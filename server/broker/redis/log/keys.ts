/** The names of what a topic keeps in Redis; they share a hash tag, so that a Cluster keeps them on one node. */
export interface TopicKeys {
  /** Stream: the records, `<seq>-0`. */
  readonly log: string;
  /** Hash: epoch, last sequence number and time. */
  readonly meta: string;
  /** Hash: ids of entries of the last minutes, each with its cursor. */
  readonly ids: string;
  /** Hash: those of the minutes before. */
  readonly olderIds: string;
  /** Sharded Pub/Sub channel: what was appended. */
  readonly live: string;
}

/** @param db the number of the database: keys of two do not meet, their channels would. */
export function topicKeys(prefix: string, topic: string, db = 0): TopicKeys {
  const root = `${prefix}:{${topic}}`;
  return {
    log: `${root}:log`,
    meta: `${root}:meta`,
    ids: `${root}:ids`,
    olderIds: `${root}:ids:older`,
    live: channel(root, db),
  };
}

/** Database 0 has the name without a number: a Cluster has no other, and older versions announce there. */
function channel(root: string, db: number): string {
  return db === 0 ? `${root}:live` : `${root}:live:${db}`;
}

/** The names of what tells which topics there are. */
export interface IndexKeys {
  /** Sorted set: names of topics, each with the time it was last entered. */
  readonly topics: string;
  /** Hash: for how long an entry is kept. */
  readonly kept: string;
  /** Sharded Pub/Sub channel: names that were added. */
  readonly live: string;
}

/** No topic is named `*`: neither is one of its keys. */
export function indexKeys(prefix: string, db = 0): IndexKeys {
  const root = `${prefix}:{*}`;
  return { topics: `${root}:topics`, kept: `${root}:kept`, live: channel(root, db) };
}

/** @throws TypeError when keys made with the prefix would not keep to one hash tag */
export function checkPrefix(prefix: string): string {
  if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(prefix)) {
    throw new TypeError(
      `RedisBroker: prefix ${JSON.stringify(prefix)}: use 1–128 characters of A–Z a–z 0–9 _ . : -`,
    );
  }
  return prefix;
}
