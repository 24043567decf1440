import type { AnyCatalog } from '../../shared/catalog.ts';
import { EventsError } from '../../shared/errors.ts';
import type { PsycheCatalog } from '../../shared/psyche-events.ts';
import type { Clock } from '../../shared/timing.ts';
import type { Authenticate } from '../access/tokens/authenticate.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Application, ApplicationContext } from './application.ts';

/** Options of `startServer` beyond its configuration. */
export interface ServerParts<C extends AnyCatalog = PsycheCatalog> {
  /** The events. Default: the Psyche Simulation's. */
  catalog?: C;
  /** Makes what is served from the server's manager. Default: the router of the catalog, and nothing that publishes. */
  application?: (context: ApplicationContext<C>) => Application;
  /**
   * Tells who asks, on every way in. What they may do is decided by the router. Default: as configured; where nothing is,
   * everybody may do everything, and a server that the network reaches does not start unless `allowAnonymous` is on.
   */
  authenticate?: Authenticate;
  /** Default: JSON lines on stdout, at the configured level. */
  logger?: Logger;
  /** Clock of replays, and of waits for newer versions of events. Default: the machine's. */
  clock?: Clock;
  /** Directory of the page at `/`. Default: the built dashboard. */
  pageDir?: string;
}

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
