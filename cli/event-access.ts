import type { EventsClient } from '../client/index.ts';
import type { AnyCatalog } from '../shared/index.ts';
import { openRedis } from './redis-access.ts';
import { openServer } from './server-access.ts';

/** What the commands need of a server, or of Redis itself: events of any catalog. */
export type EventAccess = Pick<
  EventsClient<AnyCatalog>,
  'publishBatch' | 'stream' | 'history' | 'stats' | 'close'
>;

/** Which events of which topic, from where on. */
export type Selection = Pick<NonNullable<Parameters<EventAccess['stream']>[0]>, 'topic' | 'types' | 'since'>;

export interface AccessOptions {
  url: string;
  token?: string;
  redis?: string;
}

/** Uses a server or Redis, and lets go of it afterwards. @throws EventsError UNAVAILABLE when nothing answers */
export async function withAccess(
  { url, token, redis }: AccessOptions,
  use: (access: EventAccess) => Promise<void>,
): Promise<void> {
  const access = redis === undefined ? await openServer(url, token) : await openRedis(redis);
  try {
    await use(access);
  } finally {
    await access.close();
  }
}
