import type { Socket } from 'node:net';
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
import { type Allowance, PublishRate, type SharedCount } from './publish-rate.ts';

/** Sockets that an address may have open beyond its connections: between two requests, or before the first. */
const SPARE_SOCKETS = 100;

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
  readonly #shared: SharedCount | undefined;

  /** The limits of a configuration. What counts in Redis is loaded only where there is one. */
  static async open(options: ClientLimitsOptions): Promise<ClientLimits> {
    const { redisUrl, redisPrefix } = options;
    const perSecond = rateOf(options);
    if (redisUrl === null || perSecond === 0) return new ClientLimits(options);
    const { openSharedCount } = await import('./shared-count.ts');
    return new ClientLimits(options, openSharedCount({ redisUrl, redisPrefix, perSecond }));
  }

  /** @param shared the count of several processes together. Default: this one counts alone */
  constructor(options: LimitsConfig, shared?: SharedCount) {
    const { maxConnectionsPerAddress, publishRate, trustProxy } = options;
    this.addressOf = clientAddress(trustProxy);
    this.connections = new ConnectionLimit(maxConnectionsPerAddress);
    this.#sockets = new ConnectionLimit(maxConnectionsPerAddress, SPARE_SOCKETS);
    this.#isProxy = isProxy(trustProxy);
    this.#sparesThisMachine = publishRate === null;
    this.#shared = shared;
    const perSecond = rateOf(options);
    if (perSecond > 0) this.#rate = new PublishRate({ perSecond, shared });
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
    this.#shared?.close();
  }
}

/** Events that one caller may publish in a second; 0 where that is not limited. */
function rateOf({ publishRate }: LimitsConfig): number {
  return publishRate ?? DEFAULT_PUBLISH_RATE;
}
