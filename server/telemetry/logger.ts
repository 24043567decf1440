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
