import { EventsError } from '../../shared/errors.ts';
import type { ServerParts } from './start-server.ts';

const NAMES = Object.keys({
  catalog: true,
  application: true,
  authenticate: true,
  logger: true,
  clock: true,
  pageDir: true,
} satisfies Record<keyof ServerParts, true>);

/** A server with a misspelt part would serve other events, or let in others, than was meant. @throws EventsError INVALID_OPTION */
export function checkParts(parts: object): void {
  const unknown = Object.keys(parts).filter((name) => !NAMES.includes(name));
  if (unknown.length === 0) return;
  throw new EventsError(
    'INVALID_OPTION',
    `startServer has no part ${unknown.join(', ')}: its parts are ${NAMES.join(', ')}`,
  );
}
