import { hostname } from 'node:os';
import * as z from 'zod';
import { onOff, wholeNumber } from '../../shared/data/bounded-schemas.ts';
import { EventsError } from '../../shared/errors.ts';
import { subjectIdSchema } from '../../shared/events.ts';
import { noOption } from '../../shared/options/known-options.ts';
import { DEFAULT_TOPIC } from '../../shared/protocol.ts';
import { LONGEST_TIMER_MS } from '../../shared/timing.ts';
import { topicSchema } from '../../shared/topic.ts';
import { type AccessConfig, accessConflict, accessShape } from '../access/access-config.ts';
import { hostName, parseHost } from '../access/names/host-address.ts';
import { canonicalOrigin } from '../access/names/origins.ts';
import { MAX_OPEN } from '../broker/open/open-events.ts';
import { parseRedisUrl } from '../broker/redis/servers/redis-url.ts';
import { type LimitsConfig, limitsShape } from '../limits/limits-config.ts';
import { type MetricsConfig, metricsConflict, metricsShape } from '../metrics/metrics-config.ts';
import { LOG_LEVELS, type LogLevel } from '../telemetry/logger.ts';
import { type RetentionConfig, retentionShape } from './retention-config.ts';

/** Configuration of a server. Each option is an environment variable too: `redisUrl` is `REDIS_URL`. */
export interface ServerConfig extends AccessConfig, LimitsConfig, MetricsConfig, RetentionConfig {
  /** Name or address to listen on. Default `127.0.0.1`: this machine only. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. Default 3000. */
  readonly port: number;
  /**
   * URL of the log that several processes share: `redis://`, `redis+sentinel://` or `redis+cluster://`, with TLS
   * `rediss…`; docs/redis.md has all of it. Default null: this process has its own.
   */
  readonly redisUrl: string | null;
  /** File of this process's log, which outlives it; not with `redisUrl`. Default null: in memory, gone with the process. */
  readonly data: string | null;
  /** Prefix of all of its keys and channels in Redis: systems that share a Redis need different ones. Default `psyche`. */
  readonly redisPrefix: string;
  /**
   * True if what other programs add to the stream `<redisPrefix>:ingress` is moved into the log: whoever can write to
   * Redis can publish. Default off.
   */
  readonly ingress: boolean;
  /** Publisher of what comes by the ingress, in the events' `by`. Default null: nobody is named. */
  readonly ingressBy: string | null;
  /** The least level that is logged. Default `info`. */
  readonly logLevel: LogLevel;
  /**
   * True if events are traced with OpenTelemetry: by the SDK that the process registers, e.g. with
   * `node --import ./tracing.js`. Default off.
   */
  readonly tracing: boolean;
  /**
   * Versions that events are published at while servers of an older catalog are about, by event. Default: the newest of
   * each; as a variable: `agent_message:1,system_status:2`.
   */
  readonly publishAs: Readonly<Record<string, number>>;
  /**
   * Events of a topic that may be open at once: texts that grow, questions and members together. One more is refused with
   * TOO_MANY_OPEN. Processes that share a log need the same number. Default 1000, at most 100 000.
   */
  readonly maxOpen: number;
  /** True if the simulation runs. Default on. */
  readonly simulation: boolean;
  /** A simulation runs on each of these topics, side by side. Default `default`; as a variable: comma-separated. */
  readonly simulationTopics: readonly string[];
  /** Ms between two `system_status` events of this process, on each of `simulationTopics`; 0 publishes none, as does a catalog without that event. Default 5000, and 0 without the simulation. */
  readonly monitorIntervalMs: number;
  /** True if events go compressed to clients that take it: a third fewer bytes for more CPU. Default off. */
  readonly compression: boolean;
  /**
   * Over how many ms clients are asked to move when the server stops, at most: fewer than two hundred a second are asked
   * in less. 0 closes everything at once. Default 10 000, at most 27 000: with what follows it is 30 s.
   */
  readonly drainMs: number;
  /**
   * Origins of pages that may use this server, besides its own page: of web sites, of apps in a shell
   * (`capacitor://localhost`), `null`. Default none; as a variable: comma-separated.
   */
  readonly allowedOrigins: readonly string[];
  /**
   * Path that a proxy serves this server below, and leaves before what it passes on: `/events`. Without it everything is
   * served too. Default none: a proxy takes the path away, or there is none.
   */
  readonly basePath: string;
  /**
   * Names that this server is reached by; to any other name in `Host` it answers 403. Names of this machine always count,
   * and the hosts of `allowedOrigins`. Default none: where it listens for this machine only, no other names but those that
   * a proxy on a standard port, or one that speaks TLS, passes on; elsewhere any name. As a variable: comma-separated.
   */
  readonly allowedHosts: readonly string[];
  /** Name of this process in events and logs. Default: the machine's name. */
  readonly nodeName: string;
  /**
   * Processes that `psyche-events serve` starts behind its port; they share their events through Redis. One started by
   * `startServer` is one, whatever is said here. Default 1.
   */
  readonly workers: number;
  /** The number of this worker, from 1; it is in its logs. Set by the process that starts them. Default null: it is alone. */
  readonly worker: number | null;
}

/** Options as a caller writes them: all may be left out. */
export type ServerOptions = { readonly [K in keyof ServerConfig]?: ServerConfig[K] | undefined };

const DEFAULT_MONITOR_MS = 5_000;
const MOST_WORKERS = 128;

// Each message is what comes after "<name> must be".
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(',').map((item) => item.trim())),
]);

const shape = z.strictObject({
  host: z.string().transform(hostName).default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(3000),
  redisUrl: z
    .string()
    .superRefine((url, context) => {
      const message = redisUrlMistake(url);
      if (message) context.addIssue({ code: 'custom', message });
    })
    .nullable()
    .default(null),
  data: z.string().min(1, { error: 'the name of a file' }).nullable().default(null),
  redisPrefix: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,128}$/, { error: '1–128 characters of A–Z a–z 0–9 _ . : -' })
    .default('psyche'),
  ingress: onOff().default(false),
  ingressBy: z
    .string()
    .refine((id) => subjectIdSchema.safeParse(id).success, {
      error: 'text of 1–128 characters, none of them a control character',
    })
    .nullable()
    .default(null),
  logLevel: z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  tracing: onOff().default(false),
  publishAs: z
    .union([z.string().transform(versionsIn), z.unknown()])
    .refine(areVersions, { error: 'events with one version each, such as agent_message:1,system_status:2' })
    .default({}),
  maxOpen: wholeNumber(1, 100_000).default(MAX_OPEN),
  simulation: onOff().default(true),
  simulationTopics: list
    .refine(areTopics, { error: 'different names of topics, comma-separated' })
    .default([DEFAULT_TOPIC]),
  monitorIntervalMs: wholeNumber(0, LONGEST_TIMER_MS).optional(),
  compression: onOff().default(false),
  drainMs: wholeNumber(0, 27_000).default(10_000),
  allowedOrigins: list
    .transform((origins) => origins.map(canonicalOrigin))
    .refine((origins): origins is string[] => origins.every((origin) => origin !== undefined), {
      error: 'origins such as https://example.org or capacitor://localhost, comma-separated',
    })
    .default([]),
  basePath: z
    .string()
    .regex(/^(?:\/[\w~-][\w.~-]*)*\/?$/, { error: 'a path such as /events' })
    .transform((path) => path.replace(/\/$/, ''))
    .default(''),
  allowedHosts: list
    .refine((hosts) => hosts.every(isHost), { error: 'names such as events.example.org, comma-separated' })
    .default([]),
  nodeName: z.string().max(64, { error: 'at most 64 characters' }).default(hostname().slice(0, 64)),
  workers: wholeNumber(1, MOST_WORKERS).default(1),
  worker: wholeNumber(1, MOST_WORKERS).nullable().default(null),
  ...accessShape,
  ...limitsShape,
  ...metricsShape,
  ...retentionShape,
});
const schema = shape
  .refine(({ data, redisUrl }) => data === null || redisUrl === null, {
    path: ['data'],
    error: 'left out where events are kept in Redis',
  })
  .refine(({ ingress, redisUrl }) => !ingress || redisUrl !== null, {
    path: ['ingress'],
    error: 'off, or REDIS_URL be set: the ingress moves a stream in Redis',
  })
  .refine(({ workers, redisUrl }) => workers === 1 || redisUrl !== null, {
    path: ['workers'],
    error: '1, or REDIS_URL be set: workers share their events through Redis',
  })
  .superRefine((config, context) => {
    const [option, message] = accessConflict(config) ?? [];
    if (option !== undefined && message !== undefined)
      context.addIssue({ code: 'custom', path: [option], message });
    const metrics = metricsConflict(config);
    if (metrics !== undefined) context.addIssue({ code: 'custom', path: ['metricsPort'], message: metrics });
  });

/** The names of all variables that {@link loadConfig} reads. */
export const SERVER_VARIABLES: readonly string[] = Object.keys(shape.shape).map(variableOf);

/**
 * One object from environment variables and options; options win. An empty variable counts as not set.
 * @throws EventsError INVALID_OPTION, naming each wrong variable or option and what is allowed
 */
export function loadConfig(
  options: ServerOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): ServerConfig {
  const given: Record<string, unknown> = {};
  const names = new Map<PropertyKey, string>();
  for (const key of Object.keys(shape.shape)) {
    given[key] = env[variableOf(key)] || undefined;
    names.set(key, variableOf(key));
  }
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    given[key] = value;
    names.set(key, key);
  }
  const result = schema.safeParse(given);
  if (!result.success) throw invalid(result.error, names);
  const { monitorIntervalMs, ...config } = result.data;
  return { ...config, monitorIntervalMs: monitorIntervalMs ?? (config.simulation ? DEFAULT_MONITOR_MS : 0) };
}

/** Refuses what {@link loadConfig} did not make: a part of a configuration would be a server without limits. @throws EventsError INVALID_OPTION */
export function assertLoaded(config: unknown): asserts config is ServerConfig {
  const isLoaded =
    typeof config === 'object' && config !== null && Object.keys(shape.shape).every((key) => key in config);
  if (isLoaded) return;
  throw new EventsError(
    'INVALID_OPTION',
    'startServer takes the configuration that loadConfig returns, then its parts: startServer(loadConfig({ port: 3000 }), { catalog })',
  );
}

/** `redisUrl` → `REDIS_URL`. */
function variableOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

// The values stay out of the message: one of them may hold a password.
function invalid(error: z.ZodError, names: ReadonlyMap<PropertyKey, string>): EventsError {
  const issues = error.issues.flatMap((issue) => {
    const [key] = issue.path;
    if (issue.code === 'unrecognized_keys' && key === undefined)
      return issue.keys.map((name) => ({ path: [name], message: noOption(name, Object.keys(shape.shape)) }));
    const name = (key !== undefined && names.get(key)) || String(key);
    const message = issue.code === 'unrecognized_keys' ? issue.message : `${name} must be ${issue.message}`;
    return [{ path: [name], message }];
  });
  return new EventsError(
    'INVALID_OPTION',
    issues.map(({ message }) => message.replace(/[^?.]$/, '$&.')).join(' '),
    { issues },
  );
}

function redisUrlMistake(url: string): string | null {
  try {
    parseRedisUrl(url);
    return null;
  } catch (error) {
    return `a Redis URL. ${error instanceof Error ? error.message : error}`;
  }
}

function areTopics(topics: readonly string[]): boolean {
  const valid = topics.every((topic) => topicSchema.safeParse(topic).success);
  return valid && topics.length > 0 && new Set(topics).size === topics.length;
}

/** `agent_message:1` → `{ agent_message: 1 }`. */
function versionsIn(text: string): Record<string, number> {
  const pairs = text.split(',').map((pair) => pair.split(':').map((part) => part.trim()));
  const names = new Set(pairs.map(([name]) => name));
  if (names.size < pairs.length) return { [text]: NaN }; // one is named twice
  return Object.fromEntries(pairs.map(([name = '', version, more]) => [name, more ? NaN : Number(version)]));
}

function areVersions(given: unknown): given is Readonly<Record<string, number>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  return Object.values(given).every((version) => Number.isSafeInteger(version) && version > 0);
}

function isHost(text: string): boolean {
  return parseHost(text) !== undefined && !text.includes('*');
}
