import { Sessions } from '../server/index.ts';
import { openRedisBroker } from './redis-access.ts';

/** Ends a subject's sessions on every server of a Redis. @throws EventsError UNAVAILABLE when Redis does not answer */
export async function revoke(subject: string, redis: string): Promise<void> {
  const broker = await openRedisBroker(redis);
  try {
    await new Sessions({ broker }).revoke(subject);
  } finally {
    await broker.close();
  }
}
