import { Redis, type RedisOptions } from 'ioredis';
import { vi } from 'vitest';
import { RedisBroker, type RedisBrokerOptions } from '../../../server/broker/redis/redis-broker.ts';
import type { RedisServer } from '../../setup/redis-server.ts';

/** A connection whose announcements get lost, while it answers every PING. */
export class DeafRedis extends Redis {
  static deaf = false;
  /** Messages so far, those of probes included. */
  static messages = 0;
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'smessage') DeafRedis.messages++;
    return event === 'smessage' && DeafRedis.deaf ? true : super.emit(event, ...args);
  }
}

/** A broker whose subscriber can go deaf, and how often that was given up. At the end it is closed, and nobody is deaf any more. */
export function deafening(server: RedisServer, options: RedisBrokerOptions) {
  const reconnected = vi.fn();
  const connect = (own: RedisOptions) => {
    const redis = new DeafRedis(server.port, '127.0.0.1', { ...own, replyMapping: 'legacy' });
    if (own.connectionName?.endsWith('subscriber')) redis.on('close', reconnected);
    return redis;
  };
  const broker = new RedisBroker({ connect }, options);
  return {
    broker,
    reconnected,
    async [Symbol.asyncDispose]() {
      DeafRedis.deaf = false;
      await broker.close();
    },
  };
}
