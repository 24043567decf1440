import { EventsError } from '../../shared/errors.ts';

/**
 * A log that cannot be used now, in words for whoever runs the server, which name files and addresses of the inside.
 * The router tells clients less.
 */
export class LogUnavailable extends EventsError {
  constructor(message: string, cause?: unknown) {
    super('UNAVAILABLE', message, { cause });
  }
}
