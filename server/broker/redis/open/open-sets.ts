import type { Position } from '../../../../shared/cursor.ts';
import type { LogEntry } from '../../../../shared/log.ts';
import type { OpenSet } from '../../open/open-events.ts';
import { type TopicKeys, topicKeys } from '../log/keys.ts';
import { encodeId, toValues } from '../log/record-codec.ts';
import type { RedisLog } from '../log/redis-log.ts';
import type { RedisServers } from '../servers/servers.ts';
import { defineOpenCommands, type OpenCommand } from './commands.ts';
import { readEvents } from './open-codec.ts';

/** The place, revision and stamp at which a set stands. */
export interface Stand {
  readonly at: Position;
  readonly rev: number;
  /** Stamp of the latest change; 0 before the first. */
  readonly stamp: number;
}

type Values = readonly (string | number)[];

/** Runs the scripts of open sets, each of one moment. */
export class OpenSets {
  readonly #servers: RedisServers;
  readonly #prefix: string;
  readonly #log: RedisLog;

  constructor(servers: RedisServers, prefix: string, log: RedisLog) {
    this.#servers = servers;
    this.#prefix = prefix;
    this.#log = log;
    servers.onConnection(({ redis }) => defineOpenCommands(redis));
  }

  /** The keys of a topic. */
  keysOf(topic: string): TopicKeys {
    return topicKeys(this.#prefix, topic, this.#servers.db);
  }

  /**
   * Runs a script that appends no record.
   * @param own the arguments that it has beside those of all scripts
   * @param id the event that it changes
   */
  async run(topic: string, command: OpenCommand, own: Values, id?: string): Promise<Values> {
    const { log, meta, erased, open } = this.keysOf(topic);
    const keys = [log, meta, erased, ...keysOfEvent(open, id), open];
    const reply = await this.#log.run(topic, (redis, common) =>
      redis[command](keys.length, ...keys, ...common, ...own),
    );
    return toValues(reply);
  }

  /** Runs a script that holds the publish script, and appends these entries. */
  async change(
    topic: string,
    command: 'psycheBegin' | 'psycheSettle',
    { id, entries, own }: { id: string; entries: readonly LogEntry[]; own: Values },
  ): Promise<Values> {
    const { open } = this.keysOf(topic);
    const { keys, args } = this.#log.publishing(topic, entries);
    const all = [...keys, ...keysOfEvent(open, id), open];
    const reply = await this.#log.run(topic, (redis, common) =>
      redis[command](all.length, ...all, ...common, ...args, ...own),
    );
    return toValues(reply);
  }

  /** The stand of a set, without its events. */
  async stand(topic: string): Promise<Stand> {
    return standIn(await this.run(topic, 'psycheReadSet', ['']));
  }

  /** The whole set. */
  async read(topic: string): Promise<Stand & OpenSet> {
    const values = await this.run(topic, 'psycheReadSet', [1]);
    return { ...standIn(values), events: readEvents(values.slice(4)) };
  }

  /** Tells if a topic has open events. */
  async hasOpen(topic: string): Promise<boolean> {
    const { open } = this.keysOf(topic);
    return (await this.#servers.run(open, (redis) => redis.hlen(open))) > 1;
  }
}

/** Keys of an event: its text, and its settlement. */
function keysOfEvent(set: string, id: string | undefined): string[] {
  return id === undefined ? [] : [`${set}:text:${encodeId(id)}`, `${set}:settled:${encodeId(id)}`];
}

function standIn([epoch, seq, rev, stamp]: Values): Stand {
  return { at: { epoch: String(epoch), seq: Number(seq) }, rev: Number(rev), stamp: Number(stamp) };
}
