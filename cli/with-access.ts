import type { EventAccess } from './event-access.ts';
import { openRedis } from './redis-access.ts';
import { openServer } from './server-access.ts';

export interface AccessOptions {
  url: string;
  path?: string;
  token?: string;
  redis?: string;
}

/** Uses a server or Redis, and lets go of it afterwards. @throws EventsError UNAVAILABLE when nothing answers */
export async function withAccess(
  { url, path, token, redis }: AccessOptions,
  use: (access: EventAccess) => Promise<void>,
): Promise<void> {
  const access = redis === undefined ? await openServer({ url, path, token }) : await openRedis(redis);
  try {
    await use(access);
  } finally {
    await access.close();
  }
}
