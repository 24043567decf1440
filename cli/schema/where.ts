import { checkLog, type LogCheck, openWholeLog, type WholeLog } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/index.ts';
import { openRedisBroker } from '../sources/redis-source.ts';
import type { Surroundings } from '../surroundings.ts';
import { eventsOfDocument, eventsOfSchemas, type KnownEvents } from './known-events.ts';
import { servedDocument } from './served.ts';

/** Tells if an address is that of a server, and not of a log. */
export function isServer(where: string): boolean {
  return /^(https?|wss?):/i.test(where);
}

/** The events that a server has, or whose schemas a log has kept. @throws EventsError UNAVAILABLE, INVALID_OPTION */
export async function eventsAt(where: string): Promise<KnownEvents> {
  if (isServer(where)) return eventsOfDocument(await servedDocument(where, 'schema.json'));
  return withLog(where, async (log) => eventsOfSchemas(await log.schemas()));
}

/** Reads a whole log, and says how far it is. @throws EventsError UNAVAILABLE */
export async function checkLogAt(
  where: string,
  catalog: AnyCatalog,
  around: Surroundings,
): Promise<LogCheck> {
  return withLog(where, async (log) => {
    const count = await log.count();
    let done = 0;
    using progress = around.progress(() => (count === 0 ? undefined : done / count));
    return await checkLog(log, catalog, (more) => {
      done += more;
      progress.add(more);
    });
  });
}

async function withLog<T>(where: string, use: (log: WholeLog) => Promise<T>): Promise<T> {
  const isRedis = /^rediss?(\+\w+)?:/i.test(where);
  const log = await openWholeLog(isRedis ? await openRedisBroker(where) : { path: where });
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
