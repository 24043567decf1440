import type { IncomingMessage } from 'node:http';
import { canonicalOrigin } from './origins.ts';

/** Most names of each kind that are told, and most characters of one: a stranger can make up any number, of any length. */
const MAX_TOLD = 20;
const MAX_CHARS = 200;

/**
 * Warns of each origin, and each name of the server, that is refused, once: who has just begun with a page of another origin
 * sees in the browser only that the connection fails.
 */
export class RefusedNames {
  readonly #warn: (fields: object, message: string) => void;
  readonly #told = { origin: new Set<string>(), host: new Set<string>() };

  constructor(warn: (fields: object, message: string) => void) {
    this.#warn = warn;
  }

  /** A request of a page was refused for its origin. */
  origin({ headers: { origin = '' } }: IncomingMessage): void {
    const name = this.#untold('origin', canonicalOrigin(origin) ?? origin);
    if (name === undefined) return;
    this.#warn(
      {},
      `Pages of ${name} may not use the server: add this origin to ALLOWED_ORIGINS to allow them`,
    );
  }

  /** A request was refused for the name that it has for the server. */
  host({ headers: { host = '' } }: IncomingMessage): void {
    const name = this.#untold('host', host);
    if (name === undefined) return;
    this.#warn({}, `A request to ${name} was refused: add this name to ALLOWED_HOSTS if it is the server's`);
  }

  /** A name as the log has it; undefined if it was told before, or too many were. */
  #untold(kind: 'origin' | 'host', text: string): string | undefined {
    const told = this.#told[kind];
    const name = text.slice(0, MAX_CHARS).replace(/[^!-~]/g, '?');
    if (told.has(name) || told.size >= MAX_TOLD) return undefined;
    told.add(name);
    return name;
  }
}
