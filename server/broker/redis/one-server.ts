import type { Redis } from 'ioredis';
import type { ConnectionOptions } from './connection.ts';
import type { Topology } from './topology.ts';

interface OneServerSettings {
  connect: (options: ConnectionOptions) => Redis;
  address: string | null;
}

/**
 * One server has everything. Behind Sentinels it may be another one after each reconnection: ioredis asks them before
 * it connects, and they cut the connections to a server that is the master no more. (Its failoverDetector is left out:
 * it prints what goes wrong between it and the Sentinels, and cannot be listened to.)
 */
export class OneServer implements Topology {
  readonly #connect: OneServerSettings['connect'];
  address: string;

  constructor({ connect, address }: OneServerSettings) {
    this.#connect = connect;
    this.address = address ?? 'the address given by connect';
  }

  serverOf(): string {
    return this.address;
  }

  has(): boolean {
    return true;
  }

  open(_server: string, options: ConnectionOptions): Redis {
    return this.#connect(options);
  }

  moved(): void {}
  async doubt(): Promise<void> {}
  onChange(): void {}
  close(): void {}
}
