import type { Redis } from 'ioredis';
import { onAbort } from '../../../../shared/timing.ts';
import { brokerClosed, type Tail } from '../../broker.ts';
import { TopicWatchers } from '../../followers.ts';
import type { IndexKeys } from '../log/keys.ts';
import { keepTrying } from '../servers/attempts.ts';
import type { ChannelListener } from './live-channels.ts';

/** Ms between two entries of a topic that is written to, and ms that an entry outlives its topic's log. */
const REFRESH_MS = 60_000;
const OUTLIVES_LOG_MS = 10 * REFRESH_MS;
/** Topics remembered as entered. Of more, all are forgotten, and entered once more. */
const MAX_REMEMBERED = 10_000;
/** Topics looked for at each check by a process that only publishes; of more, others at the next. */
const LOOKED_FOR = 1_000;

/**
 * Enters a topic, announces it if it is new, and drops topics that no node entered for long. The clock is Redis's. Nodes
 * may want to keep entries for different times: the longest holds for all, until no node has asked for it for that time.
 * KEYS: 1 the index, 2 the time that entries are kept. ARGV: 1 topic, 2 ms to keep entries, 3 channel.
 */
const ENTER = `
local time = redis.call('TIME')
local now, ms = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[2], 'ms', 'until')
local longest = tonumber(kept[1] or 0)
if ms >= longest or now >= tonumber(kept[2]) then
  longest = ms
  redis.call('HSET', KEYS[2], 'ms', ms, 'until', now + ms)
end
redis.call('PEXPIRE', KEYS[2], longest)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - longest)
if redis.call('ZADD', KEYS[1], now, ARGV[1]) == 1 then redis.call('SPUBLISH', ARGV[3], ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], longest)
`;

/** The last time that a topic was entered. */
interface Entered {
  readonly done: Promise<void>;
  isDone: boolean;
  readonly at: number;
}

interface TopicIndexSettings {
  keys: IndexKeys;
  /** Ms that a log is kept after its last record. */
  maxAgeMs: number;
  run: <T>(send: (redis: Redis) => Promise<T>) => Promise<T>;
  /** Refuses a topic that must not be written to. */
  check: (topic: string) => Promise<void>;
  /** Tells if a topic's log holds records. */
  holds: (topic: string) => Promise<boolean>;
  listen: (listener: ChannelListener) => () => void;
}

/**
 * The index of topics: a sorted set of names, each with the time it was last entered. In a Cluster it may be on another
 * server than a topic's log, so the scripts of a topic cannot touch it. A publisher therefore enters a topic before it
 * writes to it: no log is missing in the index. If the index is lost and logs are not (it was evicted, or another server
 * took over), each process enters the topics that it knows again.
 */
export class TopicIndex {
  readonly #settings: TopicIndexSettings;
  readonly #entered = new Map<string, Entered>();
  readonly #watchers = new TopicWatchers();
  readonly #stop = new AbortController();
  /** Number of topics before those that the next check looks for. */
  #looked = 0;
  #names: readonly string[] = [];
  /** Names announced since the last reading began. */
  #heard: string[] = [];
  #unlisten: (() => void) | null = null;
  #reading: Promise<void> | null = null;
  #nextReading: Promise<void> | null = null;
  /** Calls that wait for each reading. */
  readonly #waiting = new WeakMap<Promise<void>, Set<() => void>>();

  constructor(settings: TopicIndexSettings) {
    this.#settings = settings;
  }

  /** Resolves once a topic is in the index; undefined if it is known to be. @throws EventsError UNAVAILABLE, CLOSED */
  enter(topic: string): Promise<void> | undefined {
    const known = this.#entered.get(topic);
    if (known && isFresh(known)) return known.isDone ? undefined : known.done;
    if (this.#entered.size >= MAX_REMEMBERED) this.#entered.clear();
    const entering = this.#enter(topic);
    const entry: Entered = { done: known?.done ?? entering, isDone: false, at: performance.now() };
    this.#entered.set(topic, entry);
    entering.then(
      () => {
        entry.isDone = true;
      },
      () => {
        if (this.#entered.get(topic) === entry) this.#entered.delete(topic); // the next publish tries again
      },
    );
    return entry.done;
  }

  /** See Broker.topics. */
  async follow(sink: (names: readonly string[]) => void, signal?: AbortSignal): Promise<Tail> {
    this.#unlisten ??= this.#settings.listen({
      attached: () => this.check(),
      message: (name) => {
        this.#heard.push(name);
        this.#watchers.tell(name);
      },
    });
    await this.#waitFor(this.#readNow(), signal);
    if (this.#stop.signal.aborted) throw brokerClosed();
    return this.#watchers.add(this.#names, sink);
  }

  /** Finds topics whose announcement was lost, and enters again those that the index has lost. */
  async check(): Promise<void> {
    if (this.#unlisten) return this.#readNow();
    const names = [...this.#entered.keys()].slice(this.#looked, this.#looked + LOOKED_FOR);
    this.#looked = names.length < LOOKED_FOR ? 0 : this.#looked + LOOKED_FOR;
    if (names.length === 0) return;
    const { keys, run } = this.#settings;
    const scores = await run((redis) => redis.zmscore(keys.topics, ...names)).catch(() => null);
    await this.#enterAgain(names.filter((_, index) => scores?.[index] === null));
  }

  /** Stops following, and waits for the entries that are under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#unlisten?.();
    this.#watchers.clear();
    await Promise.allSettled([...this.#entered.values()].map(({ done }) => done));
  }

  async #enter(topic: string): Promise<void> {
    const { keys, maxAgeMs, run, check } = this.#settings;
    await check(topic);
    const keptMs = maxAgeMs + OUTLIVES_LOG_MS;
    await run((redis) => redis.eval(ENTER, 2, keys.topics, keys.kept, topic, keptMs, keys.live));
  }

  /**
   * Enters the topics that hold records, and forgets the others, but for those that a publish may be about to write to.
   * @returns the topics that hold records, or may
   */
  async #enterAgain(topics: readonly string[]): Promise<string[]> {
    const held: string[] = [];
    let isReachable = !this.#stop.signal.aborted;
    for (const topic of new Set(topics)) {
      try {
        if (isReachable && !(await this.#settings.holds(topic))) {
          const entered = this.#entered.get(topic);
          if (entered && !isFresh(entered)) this.#entered.delete(topic);
          continue;
        }
        if (isReachable) await this.#enter(topic);
      } catch {
        isReachable = false; // the next reading tries again
      }
      held.push(topic);
    }
    return held;
  }

  /** Reads all names, in a reading that begins after the call. Calls made during a reading share the next one. */
  #readNow(): Promise<void> {
    if (!this.#reading) {
      this.#reading = keepTrying(() => this.#read(), { signal: this.#stop.signal }).finally(() => {
        this.#reading = null;
      });
      return this.#reading;
    }
    this.#nextReading ??= this.#reading.then(() => {
      this.#nextReading = null;
      return this.#readNow();
    });
    return this.#nextReading;
  }

  /** Waits for a reading, of which nothing holds on to whoever has given it up: in an outage it may take as long. */
  #waitFor(reading: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const waiting = this.#waiting.get(reading) ?? new Set();
    if (!this.#waiting.has(reading)) {
      this.#waiting.set(reading, waiting);
      void reading.then(() => {
        for (const goOn of waiting) goOn();
      });
    }
    return new Promise((resolve, reject) => {
      const goOn = (): void => {
        letGo?.();
        resolve();
      };
      const letGo =
        signal &&
        onAbort(signal, () => {
          waiting.delete(goOn);
          reject(signal.reason);
        });
      waiting.add(goOn);
    });
  }

  async #read(): Promise<void> {
    const { keys, run } = this.#settings;
    this.#heard = [];
    const names = await run((redis) => redis.zrange(keys.topics, 0, '-1'));
    const found = new Set([...names, ...this.#heard]);
    const missing = [...this.#names, ...this.#entered.keys()].filter((name) => !found.has(name));
    for (const name of await this.#enterAgain(missing)) found.add(name);
    for (const name of this.#heard) found.add(name); // in the meantime, too: whoever is about to follow did not hear it
    this.#names = [...found];
    for (const name of this.#names) this.#watchers.tell(name);
  }
}

/** Tells if a topic was entered so lately that it need not be again; a publish may be about to write to it. */
function isFresh({ at }: Entered): boolean {
  return performance.now() - at < REFRESH_MS;
}
