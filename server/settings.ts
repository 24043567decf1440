export { loadConfig, SERVER_VARIABLES, type ServerConfig } from './app/config.ts';
export { type NearMiss, nearMisses } from './app/near-misses.ts';
export { JsonLogger, type Logger } from './telemetry/logger.ts';
