import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Broker, LogCheck, WholeLog } from '../../server/index.ts';
import { checkLog, openWholeLog } from '../../server/log-check/check-log.ts';
import { type AnyCatalog, EventsError } from '../../shared/index.ts';
import type { Surroundings } from '../surroundings.ts';
import { eventsOfDocument, eventsOfSchemas, type KnownEvents } from './known-events.ts';
import { servedDocument } from './served.ts';

/** A host and a port without a scheme, as `--url` takes it. */
const BARE_SERVER = /^(localhost|[\w.-]+|\[[\da-f:.]+\]):\d+(\/.*)?$/i;

/** Kinds of places that have events. */
type Kind = 'server' | 'document' | 'redis' | 'file';

/** The kind of a place: a server and a saved document tell schemas, the others hold records. */
export function kindOf(where: string): Kind {
  if (/^(https?|wss?):/i.test(where)) return 'server';
  if (/^rediss?(\+\w+)?:/i.test(where)) return 'redis';
  if (existsSync(where)) return isText(where) ? 'document' : 'file';
  return BARE_SERVER.test(where) ? 'server' : 'file';
}

/** Tells if a file begins as JSON does. The file of a log does not. */
function isText(path: string): boolean {
  const start = Buffer.alloc(64);
  const file = openSync(path, 'r');
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return start.toString().trimStart().startsWith('{');
}

/** A document that `schema` has printed. @throws EventsError INVALID_OPTION if it is no JSON */
function savedDocument(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new EventsError('INVALID_OPTION', `${path} is no JSON: pass what \`schema\` has printed`, {
      cause,
    });
  }
}

/** The events that a server or a saved document has, or whose schemas a log has kept. @throws EventsError UNAVAILABLE, INVALID_OPTION */
export async function eventsAt(where: string): Promise<KnownEvents> {
  const kind = kindOf(where);
  if (kind === 'server') return eventsOfDocument(await servedDocument(where, 'schema.json'));
  if (kind === 'document') return eventsOfDocument(savedDocument(where));
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
  const log = await openWholeLog(kindOf(where) === 'redis' ? await brokerAt(where) : { path: where });
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

async function brokerAt(url: string): Promise<Broker> {
  const { openRedisBroker } = await import('../sources/redis-source.ts');
  return openRedisBroker(url);
}
