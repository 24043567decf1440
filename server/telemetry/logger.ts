import { inspect } from 'node:util';

/** The logger of this project's libraries; pino's loggers fit. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Tells if a level is written at all: what costs something to say is said only then. Default: all are. */
  isLevelEnabled?(level: string): boolean;
}

const ignore = (): void => {};

/** Logs nothing: the default. */
export const silentLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  isLevelEnabled: () => false,
};

/** Tells if a logger writes what is for debugging. */
export function debugs(logger: Logger): boolean {
  return logger.isLevelEnabled?.('debug') ?? true;
}

/** Levels by name, with the numbers that pino gives them: what reads its lines reads these. */
const LEVELS = {
  fatal: 60,
  error: 50,
  warn: 40,
  info: 30,
  debug: 20,
  trace: 10,
  silent: Number.POSITIVE_INFINITY,
} as const;

/** Levels of a {@link JsonLogger}, as pino has them. */
export type LogLevel = keyof typeof LEVELS;

export const LOG_LEVELS = Object.keys(LEVELS).filter(isLevel);

/** Writes lines of JSON: level, time in ms, what is given of the process, the fields, `msg`. An `Error` is written with its causes. */
export class JsonLogger implements Logger {
  readonly #least: number;
  readonly #base: object;
  readonly #write: (line: string) => void;

  /**
   * @param level the least level that is written
   * @param base fields of every line
   * @param write takes a line without its end. @default stdout, where a reader that is gone is no error
   */
  constructor(level: LogLevel, base: object, write: (line: string) => void = console.log) {
    this.#least = LEVELS[level];
    this.#base = base;
    this.#write = write;
  }

  debug(fields: object, message: string): void {
    this.#log('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#log('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#log('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#log('error', fields, message);
  }

  isLevelEnabled(level: string): boolean {
    return isLevel(level) && LEVELS[level] >= this.#least;
  }

  #log(name: LogLevel, fields: object, msg: string): void {
    const level = LEVELS[name];
    if (level < this.#least) return;
    const line = { level, time: Date.now(), ...this.#base };
    this.#write(
      toJson({ ...line, ...fields, msg }) ?? toJson({ ...line, fields: inspect(fields), msg }) ?? msg,
    );
  }
}

function isLevel(level: string): level is LogLevel {
  return Object.hasOwn(LEVELS, level);
}

/** JSON of any values; undefined of those that have none, such as circles. */
function toJson(value: object): string | undefined {
  try {
    return JSON.stringify(value, (_, each: unknown) => {
      if (typeof each === 'bigint') return String(each);
      return each instanceof Error ? described(each) : each;
    });
  } catch {
    return undefined;
  }
}

/** An error without the fields that a library may have put on it: those can hold data. */
function described(error: Error): object {
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { type: name, message, code, stack, cause };
}
