import type { Redis } from 'ioredis';
import type { ConnectionOptions } from './connection.ts';
import type { SentinelWatch } from './sentinel-watch.ts';
import type { Topology } from './topology.ts';

interface OneServerSettings {
  connect: (options: ConnectionOptions) => Redis;
  address: string | null;
  /** Addresses of the Sentinels that it is behind. */
  watch?: SentinelWatch;
}

/**
 * One server has everything. Behind Sentinels it may be another one after each reconnection: ioredis asks them before
 * it connects. (Its failoverDetector does what SentinelWatch does, but prints what goes wrong between it and the
 * Sentinels, and cannot be listened to.)
 */
export class OneServer implements Topology {
  readonly #connect: OneServerSettings['connect'];
  readonly #watch: SentinelWatch | undefined;
  readonly address: string;

  constructor({ connect, address, watch }: OneServerSettings) {
    this.#connect = connect;
    this.#watch = watch;
    this.address = address ?? 'the address given by connect';
  }

  serverOf(): string {
    return this.address;
  }

  has(): boolean {
    return true;
  }

  open(_server: string, options: ConnectionOptions): Redis {
    const redis = this.#connect(options);
    this.#watch?.mind(redis);
    return redis;
  }

  moved(): void {}
  async doubt(): Promise<void> {}
  onChange(): void {}

  close(): void {
    this.#watch?.close();
  }
}
