import { EventEmitter } from 'node:events';
import { Redis } from 'ioredis';
import type { Tick } from '../contender.ts';

const CHANNEL = 'ticks';

/** An EventEmitter that is fed by this process, or by Redis' Pub/Sub: the recipe for several nodes of those who have none of their own. */
export async function tickSource(redisUrl: string | undefined) {
  const emitter = new EventEmitter().setMaxListeners(0);
  if (redisUrl === undefined) return { emitter, publish: (tick: Tick) => void emitter.emit('tick', tick) };
  const [publisher, subscriber] = [new Redis(redisUrl), new Redis(redisUrl)];
  for (const connection of [publisher, subscriber]) connection.on('error', () => {}); // it connects again by itself
  subscriber.on('message', (_channel, text) => void emitter.emit('tick', JSON.parse(text)));
  await subscriber.subscribe(CHANNEL);
  return { emitter, publish: (tick: Tick) => publisher.publish(CHANNEL, JSON.stringify(tick)) };
}
