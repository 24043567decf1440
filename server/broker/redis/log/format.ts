import type { Logger } from '../../../telemetry/logger.ts';
import { LogUnavailable } from '../../broker.ts';
import { isReply } from '../servers/connection.ts';

/**
 * Number of the form in which logs are written here, kept in the field `format` of each key that tells of one. Absent
 * means 1: records without versions. A process leaves alone what is of a later form.
 */
export const FORMAT = 2;

/** Beginning of the error with which scripts refuse a later format; its number follows. */
const REFUSED = 'LATERFORMAT';

/** A part of scripts: `refuseLater` ends the script before it has written anything. */
export const REFUSE_LATER = `
-- What a later format means is not known here.
local function refuseLater(format)
  if format and tonumber(format) > ${FORMAT} then error({ err = '${REFUSED} ' .. format }) end
end
`;

/** Says what is wrong with a log of a later format, to callers each time, and to the operators once. */
export class FormatGuard {
  readonly #logger: Logger;
  #isTold = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws EventsError UNAVAILABLE if a format is a later one */
  check(what: string, format: number): void {
    if (format > FORMAT) throw this.#refusal(what, format);
  }

  /** The answer of a script that calls `refuseLater`. @throws EventsError UNAVAILABLE */
  async explain<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const cause = error instanceof Error ? error.cause : null;
      const [, format] = (isReply(cause) && new RegExp(`${REFUSED} (\\d+)`).exec(cause.message)) || [];
      throw format === undefined ? error : this.#refusal(what, Number(format));
    }
  }

  #refusal(what: string, format: number): LogUnavailable {
    const message = `${what} in Redis is of format ${format}, written by a later version of psyche-events; this one knows up to format ${FORMAT}. Run that version here too, or set another REDIS_PREFIX.`;
    if (!this.#isTold) this.#logger.error({ format }, message);
    this.#isTold = true;
    return new LogUnavailable(message);
  }
}
