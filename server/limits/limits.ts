import type { Socket } from 'node:net';
import type { Cluster, Redis } from 'ioredis';
import { openClient } from '../broker/redis/servers/open-topology.ts';
import {
  addressKey,
  type ClientAddress,
  canonicalAddress,
  clientAddress,
  isProxy,
  isThisMachine,
} from './client-address.ts';
import { ConnectionLimit } from './connection-limit.ts';
import { DEFAULT_PUBLISH_RATE, type LimitsConfig } from './limits-config.ts';
import { type Allowance, PublishRate } from './publish-rate.ts';

/** Sockets that an address may have open beyond its connections: between two requests, or before the first. */
const SPARE_SOCKETS = 100;
/** Ms to wait for Redis before a process counts alone. */
const COUNT_MS = 500;

export interface ClientLimitsOptions extends LimitsConfig {
  /** The Redis in which processes count together; null: each process counts alone. */
  readonly redisUrl: string | null;
  /** Prefix of keys in Redis. */
  readonly redisPrefix: string;
}

/** The limits of one server. */
export class ClientLimits {
  readonly addressOf: ClientAddress;
  readonly connections: ConnectionLimit;
  readonly #sockets: ConnectionLimit;
  readonly #isProxy: (socket: Socket) => boolean;
  readonly #rate: PublishRate | undefined;
  readonly #sparesThisMachine: boolean;
  readonly #redis: Redis | Cluster | undefined;

  constructor(options: ClientLimitsOptions) {
    const { maxConnectionsPerAddress, publishRate, redisUrl, redisPrefix: prefix, trustProxy } = options;
    this.addressOf = clientAddress(trustProxy);
    this.connections = new ConnectionLimit(maxConnectionsPerAddress);
    this.#sockets = new ConnectionLimit(maxConnectionsPerAddress, SPARE_SOCKETS);
    this.#isProxy = isProxy(trustProxy);
    this.#sparesThisMachine = publishRate === null;
    const perSecond = publishRate ?? DEFAULT_PUBLISH_RATE;
    if (perSecond === 0) return;
    if (redisUrl !== null) {
      // A separate connection, so that late answers delay nothing else.
      this.#redis = openClient(redisUrl, { name: 'limits', timeoutMs: COUNT_MS });
    }
    this.#rate = new PublishRate({ perSecond, prefix, redis: this.#redis });
  }

  /** The allowance of a caller. @param subject undefined where no token is needed: then the address is counted */
  allowance(subject: string | undefined, address: string): Allowance | undefined {
    const rate = this.#rate;
    if (!rate || (subject === undefined && this.#sparesThisMachine && isThisMachine(address)))
      return undefined;
    const key = subject === undefined ? `address:${addressKey(address)}` : `subject:${subject}`;
    return { take: (events) => rate.take(key, events) };
  }

  /** Tells if a new socket may stay. A proxy's sockets always may: they belong to many clients. */
  admitSocket(socket: Socket): boolean {
    if (this.#isProxy(socket)) return true;
    const release = this.#sockets.admit(canonicalAddress(socket.remoteAddress));
    if (release) socket.once('close', release);
    return release !== undefined;
  }

  close(): void {
    this.#redis?.disconnect();
  }
}
