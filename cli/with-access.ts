import type { EventAccess } from './event-access.ts';

export interface AccessOptions {
  url: string;
  path?: string | undefined;
  token?: string | undefined;
  redis?: string;
}

/** Uses a server or Redis, and lets go of it afterwards. @throws EventsError UNAVAILABLE when nothing answers */
export async function withAccess(
  { url, path, token, redis }: AccessOptions,
  use: (access: EventAccess) => Promise<void>,
): Promise<void> {
  const access = await (redis === undefined ? throughServer({ url, path, token }) : throughRedis(redis));
  try {
    await use(access);
  } finally {
    await access.close();
  }
}

async function throughServer(server: Pick<AccessOptions, 'url' | 'path' | 'token'>): Promise<EventAccess> {
  const { openServer } = await import('./server-access.ts');
  return openServer(server);
}

async function throughRedis(url: string): Promise<EventAccess> {
  const { openRedis } = await import('./redis-access.ts');
  return openRedis(url);
}
