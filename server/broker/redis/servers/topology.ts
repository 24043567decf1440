import type { Redis } from 'ioredis';
import type { ConnectionOptions } from './connection.ts';

/** The source of a broker's connections. */
export type RedisSource =
  /**
   * One server: `redis://user:password@host:6379/0`; one behind Sentinels: `redis+sentinel://host1:26379,host2/name`;
   * a Cluster: `redis+cluster://host1:7000,host2:7000`. With `rediss` in place of `redis`, over TLS.
   */
  | { url: string; connect?: (options: ConnectionOptions) => Redis }
  /**
   * Makes a connection, for whatever a URL cannot say. Called once for each connection the broker needs; beside a
   * `url` it is given what that says, e.g. the address of a Cluster's node.
   * @example { connect: (options) => new Redis({ ...options, path: '/run/redis.sock' }) }
   */
  | { connect: (options: ConnectionOptions) => Redis };

/** Finds the server of a key: the one thing in which Redis alone, behind Sentinels and as a Cluster differ. */
export interface Topology {
  /** Hosts and ports at which it is looked for, for messages; never a password. */
  readonly address: string;
  /** The server that has a key; null while that is not known. */
  serverOf(key: string): string | null;
  /** Tells if a server has any key. */
  has(server: string): boolean;
  /** A connection to a server. */
  open(server: string, options: ConnectionOptions): Redis;
  /** A server said that another one has a slot now. */
  moved(slot: number, server: string): void;
  /** Something failed that would if keys had moved: finds out. @param witness the server to ask first */
  doubt(witness?: string): Promise<void>;
  /** Calls the listener whenever a key has another server than before. */
  onChange(listener: () => void): void;
  close(): void;
}
