import type { AnyCatalog } from '../../../shared/catalog.ts';
import { EventsError } from '../../../shared/errors.ts';
import { historyOf } from '../../../shared/versions.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** Warns of events that are held at a version to which there is no way back: data of the newest is refused then. */
export function warnOfLackingWaysBack(
  catalog: AnyCatalog,
  publishAs: ReadonlyMap<string, number>,
  logger: Logger,
): void {
  for (const [type, held] of publishAs) {
    const schema = catalog.schemas[type];
    const history = schema && historyOf(schema);
    if (!history || history.canDowncast(held)) continue;
    const { version } = history;
    logger.warn(
      { type, held, version },
      `publishAs holds ${type} at version ${held}, and it has no way back from ${version} to ${held}: data of version ${version} will be refused. A way back is the third member of a step in versions(…)`,
    );
  }
}

/** The error of an event that is refused while it is held at a version, which says so. */
export function heldRefusal(error: unknown, type: string, version: number): unknown {
  if (!(error instanceof EventsError) || error.code !== 'INVALID_EVENT') return error;
  const { code, issues, message } = error;
  return new EventsError(code, `${message}; ${type} is held at version ${version} by publishAs`, {
    issues,
    cause: error,
  });
}
