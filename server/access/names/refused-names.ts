import type { IncomingMessage } from 'node:http';
import type { Logger } from '../../telemetry/logger.ts';
import { ToldOnce } from '../../telemetry/told-once.ts';
import { canonicalOrigin } from './origins.ts';

/** Most names of each kind that are told, and most characters of one: a stranger can make up any number, of any length. */
const MAX_TOLD = 20;
const MAX_CHARS = 200;

/**
 * Warns of each origin, and each name of the server, that is refused, once: who has just begun with a page of another origin
 * sees in the browser only that the connection fails.
 */
export class RefusedNames {
  readonly #logger: Logger;
  readonly #origins = new ToldOnce(MAX_TOLD);
  readonly #hosts = new ToldOnce(MAX_TOLD);

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A request of a page was refused for its origin. */
  origin({ headers: { origin = '' } }: IncomingMessage): void {
    const name = printable(canonicalOrigin(origin) ?? origin);
    if (this.#origins.isNew(name))
      this.#logger.warn(
        {},
        `Pages of ${name} may not use the server: add this origin to ALLOWED_ORIGINS to allow them`,
      );
  }

  /** A request was refused for the name that it has for the server. */
  host({ headers: { host = '' } }: IncomingMessage): void {
    const name = printable(host);
    if (this.#hosts.isNew(name))
      this.#logger.warn(
        {},
        `A request to ${name} was refused: add this name to ALLOWED_HOSTS if it is the server's`,
      );
  }
}

/** A name as the log has it. */
function printable(text: string): string {
  return text.slice(0, MAX_CHARS).replace(/[^!-~]/g, '?');
}
