import type { Surroundings } from '../surroundings.ts';
import type { EventsSource } from './event-source.ts';

export interface SourceOptions {
  url: string;
  path?: string | undefined;
  token?: string | undefined;
  redis?: string;
  catalog?: string | undefined;
}

/** Uses a server or Redis, and lets go of it afterwards. @throws EventsError UNAVAILABLE when nothing answers */
export async function withSource(
  { url, path, token, redis, catalog }: SourceOptions,
  around: Surroundings,
  use: (source: EventsSource) => Promise<void>,
): Promise<void> {
  const source = await (redis === undefined
    ? throughServer({ url, path, token, catalog }, around)
    : throughRedis(redis, catalog, around));
  try {
    await use(source);
  } catch (error) {
    if (redis !== undefined && catalog === undefined && isUnknown(error))
      around.note('the catalog is the simulation’s: name the module that exports yours with --catalog');
    throw error;
  } finally {
    await source.close();
  }
}

/** Tells if an error is of an event that the catalog lacks. */
function isUnknown(error: unknown): boolean {
  return Reflect.get(Object(error), 'code') === 'UNKNOWN_EVENT';
}

async function throughServer(
  server: Pick<SourceOptions, 'url' | 'path' | 'token' | 'catalog'>,
  around: Surroundings,
): Promise<EventsSource> {
  const { openServer } = await import('./server-source.ts');
  return openServer(server, around);
}

async function throughRedis(
  url: string,
  catalog: string | undefined,
  around: Surroundings,
): Promise<EventsSource> {
  const { openRedis } = await import('./redis-source.ts');
  return openRedis(url, catalog, around);
}
