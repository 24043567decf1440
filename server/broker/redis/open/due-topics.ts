import type { Redis } from 'ioredis';
import { toValues } from '../log/record-codec.ts';
import { LOOK_MS } from './read-scripts.ts';

/** Ms until an empty set is looked at for the last time: by then a beginning that was announced here has happened, or failed. */
const EMPTY_MS = 60_000;
/** Ms that the index is kept after its last change: longer than any deadline. */
const KEPT_MS = 40 * 24 * 60 * 60 * 1000;
/** Topics remembered as begun in; of more, all are forgotten. */
const MAX_REMEMBERED = 10_000;
/** Topics looked for at each check; of more, others at the next. */
const LOOKED_FOR = 1_000;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function note(due)
  redis.call('ZADD', KEYS[1], string.format('%.1f', due), ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ${KEPT_MS})
end
`;

/**
 * Has a topic looked at within some ms, or earlier if that was so before. A time that may be in use for a look now is
 * changed: what that look finds is then not noted. KEYS: 1 the index. ARGV: 1 topic, 2 ms.
 */
const ENTER = `${NOW}
local due, was = now + ARGV[2], tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]))
if was and was <= now then
  due = math.floor(was) - 1
elseif was then
  due = math.min(due, math.floor(was))
end
note(due)
`;

/** Topics to be looked at now. KEYS: 1 the index. ARGV: 1 most topics. Reply: topic and time of each. */
const DUE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1], 'WITHSCORES')
`;

/**
 * Notes what a look found, unless the topic was entered meanwhile. A half in a time marks a set that was found empty: it is
 * looked at once more before the topic goes.
 * KEYS: 1 the index. ARGV: 1 topic, 2 the time that led to the look, 3 ms until the next look, or empty for an empty set.
 */
const NOTE = `${NOW}
local was = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]))
if was ~= tonumber(ARGV[2]) then return end
if ARGV[3] ~= '' then
  note(now + ARGV[3])
elseif was % 1 == 0 then
  note(now + ${EMPTY_MS} + 0.5)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
`;

interface DueTopicsSettings {
  key: string;
  run: <T>(send: (redis: Redis) => Promise<T>) => Promise<T>;
  /** Tells if a topic has open events. */
  hasOpen: (topic: string) => Promise<boolean>;
}

/** A topic that is to be looked at, and the time that the index has for it. */
interface DueTopic {
  readonly topic: string;
  readonly due: string;
}

/**
 * The index of topics with open events: a sorted set of names, each with the time at which its earliest lease may be over.
 * In a Cluster it may be on another server than a topic, and servers' clocks differ: so only durations go from one to the
 * other. A renewal does not touch it: the topic is looked at when the lease before would have ended, and then noted anew.
 */
export class DueTopics {
  readonly #settings: DueTopicsSettings;
  /** Topics in which this process has begun or changed events. If the index loses one of them, it is entered again. */
  readonly #known = new Set<string>();
  #checked = 0;

  constructor(settings: DueTopicsSettings) {
    this.#settings = settings;
  }

  /** Has a topic looked at within some ms, or a day if that is less. */
  async enter(topic: string, ms: number): Promise<void> {
    this.remember(topic);
    const { key, run } = this.#settings;
    await run((redis) => redis.eval(ENTER, 1, key, topic, Math.min(ms, LOOK_MS)));
  }

  /** Notes that a topic has open events, in case the index loses it. */
  remember(topic: string): void {
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.add(topic);
  }

  /** Topics to be looked at now. */
  async due(most: number): Promise<DueTopic[]> {
    const { key, run } = this.#settings;
    const reply = toValues(await run((redis) => redis.eval(DUE, 1, key, most)));
    return reply.flatMap((topic, at) =>
      at % 2 === 0 ? [{ topic: String(topic), due: String(reply[at + 1]) }] : [],
    );
  }

  /** Notes what a look at a topic found. @param ms until the next look; empty if nothing is open there */
  async note({ topic, due }: DueTopic, ms: string): Promise<void> {
    const { key, run } = this.#settings;
    await run((redis) => redis.eval(NOTE, 1, key, topic, due, ms));
  }

  /** Enters topics again that the index has lost: it was evicted, or another server took over. Never rejects. */
  async check(): Promise<void> {
    const topics = [...this.#known].slice(this.#checked, this.#checked + LOOKED_FOR);
    this.#checked = topics.length < LOOKED_FOR ? 0 : this.#checked + LOOKED_FOR;
    if (topics.length === 0) return;
    const { key, run, hasOpen } = this.#settings;
    try {
      const times = await run((redis) => redis.zmscore(key, ...topics));
      for (const topic of topics.filter((_, index) => times[index] === null)) {
        if (await hasOpen(topic)) await this.enter(topic, 0);
        else this.#known.delete(topic);
      }
    } catch {
      // The next check tries again.
    }
  }
}
