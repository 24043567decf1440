import type { Surroundings } from '../surroundings.ts';
import type { EventsSource, ServerSource } from './event-source.ts';

export interface ServerOptions {
  url: string;
  path?: string | undefined;
  token?: string | undefined;
}

export interface SourceOptions extends ServerOptions {
  redis?: string;
  catalog?: string | undefined;
}

/** Uses a server or Redis, and lets go of it afterwards. @throws EventsError UNAVAILABLE when nothing answers */
export async function withSource(
  { redis, ...options }: SourceOptions,
  around: Surroundings,
  use: (source: EventsSource) => Promise<void>,
): Promise<void> {
  if (redis === undefined) return withServer(options, around, use);
  const { catalog } = options;
  const { openRedis } = await import('./redis-source.ts');
  try {
    await closeAfter(await openRedis(redis, catalog, around), use);
  } catch (error) {
    if (catalog === undefined && isUnknown(error))
      around.note('the catalog is the simulation’s: name the module that exports yours with --catalog');
    throw error;
  }
}

/** Uses a server, and lets go of it afterwards. @throws EventsError UNAVAILABLE when nothing answers */
export async function withServer(
  { url, path, token, catalog }: ServerOptions & Pick<SourceOptions, 'catalog'>,
  around: Surroundings,
  use: (server: ServerSource) => Promise<void>,
): Promise<void> {
  const { openServer } = await import('./server-source.ts');
  await closeAfter(await openServer({ url, path, token, catalog }, around), use);
}

async function closeAfter<S extends EventsSource>(
  source: S,
  use: (source: S) => Promise<void>,
): Promise<void> {
  try {
    await use(source);
  } finally {
    await source.close();
  }
}

/** Tells if an error is of an event that the catalog lacks. */
function isUnknown(error: unknown): boolean {
  return Reflect.get(Object(error), 'code') === 'UNKNOWN_EVENT';
}
