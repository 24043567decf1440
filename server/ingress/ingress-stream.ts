import type { EventsError } from '../../shared/errors.ts';
import type { RedisServers } from '../broker/redis/servers/servers.ts';
import type { IngressEntry } from './ingress-entry.ts';

const GROUP = 'psyche-events';
/** Entries read at a time. */
const BATCH = 100;
/** Ms that Redis waits for new entries before it answers with none. */
const BLOCK_MS = 500;
/** Dead entries kept, about. */
const MAX_DEAD = 10_000;
/** Fields kept of a dead entry, characters of the name of each, and of all values together. */
const MAX_FIELDS = 20;
const MAX_NAME = 128;
const MAX_VALUES = 64 * 1024;
/** Ms after which an idle consumer without pending entries counts as gone. */
const GONE_MS = 60 * 60 * 1000;

type RawEntry = [id: string, fields: string[] | null];

/** Number before all ids of a stream. */
const START = '0-0';

export interface IngressStreamOptions {
  /** Connections for reads, which block in Redis. */
  readonly reading: RedisServers;
  /** Connections for all other commands. */
  readonly commands: RedisServers;
  readonly prefix: string;
  /** This process's name in the group, which no other process has. */
  readonly consumer: string;
  /** Ms after which a pending entry may be claimed by another process. */
  readonly claimAfterMs: number;
}

/** The ingress stream in Redis, its consumer group, and the dead-letter stream for entries that are not valid events. */
export class IngressStream {
  readonly key: string;
  readonly deadKey: string;
  readonly #options: IngressStreamOptions;
  /** Id at which the search for abandoned entries goes on. */
  #claimFrom = START;

  constructor(options: IngressStreamOptions) {
    this.key = `${options.prefix}:ingress`;
    this.deadKey = `${this.key}:dead`;
    this.#options = options;
  }

  /** New entries, after a short wait for some; empty if there are none. */
  async next(): Promise<IngressEntry[]> {
    const { reading, consumer } = this.#options;
    const reply = await this.#inGroup(() =>
      reading.run(this.key, (redis) =>
        redis.xreadgroup(
          'GROUP',
          GROUP,
          consumer,
          'COUNT',
          BATCH,
          'BLOCK',
          BLOCK_MS,
          'STREAMS',
          this.key,
          '>',
        ),
      ),
    );
    const [stream] = (reply ?? []) as [string, RawEntry[]][];
    return toEntries(stream?.[1] ?? []);
  }

  /**
   * Entries that this process took and did not finish, also those of answers that were lost.
   * @param after the id that they come after; null: the first
   * @returns with the id after which to go on; null at the end
   */
  async left(after: string | null): Promise<{ entries: IngressEntry[]; last: string | null }> {
    const { commands, consumer } = this.#options;
    const reply = await this.#inGroup(() =>
      commands.run(this.key, (redis) =>
        redis.xreadgroup('GROUP', GROUP, consumer, 'COUNT', BATCH, 'STREAMS', this.key, after ?? START),
      ),
    );
    const [stream] = (reply ?? []) as [string, RawEntry[]][];
    const raw = stream?.[1] ?? [];
    await this.done(raw.flatMap(([id, fields]) => (fields ? [] : [id]))); // deleted meanwhile
    return { entries: toEntries(raw), last: raw.at(-1)?.[0] ?? null };
  }

  /**
   * Claims pending entries that a process read and did not finish: each call goes on where the one before ended, since
   * Redis looks at some of them only.
   */
  async abandoned(): Promise<{ entries: IngressEntry[]; isEnd: boolean }> {
    const { commands, consumer, claimAfterMs } = this.#options;
    const reply = await this.#inGroup(() =>
      commands.run(this.key, (redis) =>
        redis.xautoclaim(this.key, GROUP, consumer, claimAfterMs, this.#claimFrom, 'COUNT', BATCH),
      ),
    );
    const [next, entries] = reply as [string, RawEntry[]];
    this.#claimFrom = next;
    return { entries: toEntries(entries), isEnd: next === START };
  }

  /** Removes entries that are done. Deletes before it acknowledges: the group drops pending entries that are deleted. */
  async done(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#options.commands.run(this.key, async (redis) => {
      const removed = redis.xdel(this.key, ...ids);
      await Promise.all([removed, redis.xack(this.key, GROUP, ...ids)]);
    });
  }

  /** Puts an entry that is not a valid event on the dead-letter stream, with the reason. */
  async bury({ id, fields }: IngressEntry, { code, message }: EventsError): Promise<void> {
    const { kept, leftOut } = beginningOf(fields);
    const why = ['entry', id, 'code', code, 'reason', message];
    if (leftOut > 0) why.push('left_out', String(leftOut));
    await this.#options.commands.run(this.deadKey, (redis) =>
      redis.xadd(this.deadKey, 'MAXLEN', '~', MAX_DEAD, '*', ...why, ...kept),
    );
  }

  /** Deletes the consumers of processes that are gone. */
  async forgetGone(): Promise<void> {
    await this.#options.commands.run(this.key, async (redis) => {
      const consumers = (await redis.xinfo('CONSUMERS', this.key, GROUP)) as (string | number)[][];
      for (const pairs of consumers) {
        const { name, pending, idle } = toRecord(pairs);
        if (pending === 0 && Number(idle) > GONE_MS) {
          await redis.xgroup('DELCONSUMER', this.key, GROUP, String(name));
        }
      }
    });
  }

  /** Runs a command of the group, and creates the group if it is missing: at first, or after a flush. */
  async #inGroup<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!says(error, 'NOGROUP')) throw error;
      await this.#options.commands
        .run(this.key, (redis) => redis.xgroup('CREATE', this.key, GROUP, '0', 'MKSTREAM'))
        .catch((failure) => {
          if (!says(failure, 'BUSYGROUP')) throw failure;
        });
      return run();
    }
  }
}

/**
 * As much of an entry as its dead letter keeps: a producer that may only add entries must neither fill Redis with what
 * stays, nor have a command sent that is too long to be made. Short values come first, so that a long one hides none of them.
 */
function beginningOf(fields: IngressEntry['fields']): { kept: string[]; leftOut: number } {
  const all = Object.entries(fields).sort(([, one], [, other]) => one.length - other.length);
  let left = MAX_VALUES;
  const kept = all.slice(0, MAX_FIELDS).flatMap(([name, value]) => {
    const beginning = value.slice(0, left);
    left -= beginning.length;
    return [name.slice(0, MAX_NAME), beginning];
  });
  return { kept, leftOut: Math.max(0, all.length - MAX_FIELDS) };
}

function says(error: unknown, word: string): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.message.startsWith(word);
}

function toEntries(raw: readonly RawEntry[]): IngressEntry[] {
  // An entry that was deleted meanwhile has no fields.
  return raw.flatMap(([id, fields]) =>
    fields ? { id, fields: toRecord(fields) as Record<string, string> } : [],
  );
}

function toRecord(pairs: readonly (string | number)[]): Record<string, string | number> {
  // Made by fromEntries, which keeps a field named `__proto__` too.
  return Object.fromEntries(
    pairs.flatMap((name, at) => (at % 2 === 0 && at + 1 < pairs.length ? [[name, pairs[at + 1] ?? '']] : [])),
  );
}
