import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadConfig, type ServerConfig } from '../../server/app/config.ts';
import { startServer } from '../../server/index.ts';
import { EventsError } from '../../shared/index.ts';

function failure(load: () => unknown): EventsError {
  try {
    load();
  } catch (error) {
    if (error instanceof EventsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('config', () => {
  test('has a default for everything', () => {
    expect(loadConfig({}, {})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      redisUrl: null,
      data: null,
      logLevel: 'info',
      simulation: true,
      retention: {},
      retentionMaxRecords: 10_000,
      retentionMaxAgeMs: 86_400_000,
      retentionMaxBytes: 67_108_864,
      retentionMaxTotalBytes: null,
      monitorIntervalMs: 5000,
      compression: false,
      allowedOrigins: [],
      simulationTopics: ['default'],
    });
  });

  test('reads variables, which options override', () => {
    const env = {
      PORT: '8080',
      HOST: '0.0.0.0',
      REDIS_URL: 'rediss://user:secret@redis.example:6380/1',
      LOG_LEVEL: 'debug',
      ALLOWED_ORIGINS: 'https://a.example, http://localhost:5173',
      RETENTION: '{"agent_message": "30 days", "system_status": {"records": 100}}',
      RETENTION_MAX_RECORDS: '5',
      NODE_NAME: 'simulation-1',
      COMPRESSION: 'on',
      UNRELATED: 'x',
    };
    expect(loadConfig({ port: 0, host: undefined }, env)).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      redisUrl: 'rediss://user:secret@redis.example:6380/1',
      logLevel: 'debug',
      allowedOrigins: ['https://a.example', 'http://localhost:5173'],
      retention: { agent_message: '30 days', system_status: { records: 100 } },
      retentionMaxRecords: 5,
      compression: true,
      nodeName: 'simulation-1',
    });
  });

  test('refuses the same topic twice for simulations', () => {
    const topicsOf = (text: string) => loadConfig({}, { SIMULATION_TOPICS: text }).simulationTopics;
    expect(topicsOf('default, run-2')).toEqual(['default', 'run-2']);
    for (const wrong of ['a,a', 'a,', '.hidden', 'two words']) {
      const message = 'SIMULATION_TOPICS must be different names of topics, comma-separated.';
      expect(failure(() => topicsOf(wrong)).message).toBe(message);
    }
  });

  test('normalises origins and hosts', () => {
    const env = {
      ALLOWED_ORIGINS: 'https://A.example:443/, https://b.example/path, tauri://localhost',
      HOST: '[::1]',
      ALLOWED_HOSTS: 'events.example, [::2]',
    };
    expect(loadConfig({}, env)).toMatchObject({
      allowedOrigins: ['https://a.example', 'https://b.example', 'tauri://localhost'],
      allowedHosts: ['events.example', '[::2]'],
      host: '::1',
    });
  });

  test('switches take the words that docs/operations.md names, in any case of letters', () => {
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const [sentence = ''] = /Switches take[^;]+/.exec(text) ?? [];
    const words = [...sentence.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
    const taken = (word: string) => loadConfig({}, { SIMULATION: word }).simulation;
    expect(words.filter(taken)).toEqual(['on', 'true', 'yes', 'y', '1', 'enabled']);
    expect(words.filter((word) => !taken(word.toUpperCase()))).toEqual([
      'off',
      'false',
      'no',
      'n',
      '0',
      'disabled',
    ]);
  });

  test('a name that is no option is told with the one that is meant', () => {
    const wrong = (): unknown => loadConfig({ prot: 1, port: -1 } as object, {});
    expect(wrong).toThrow(/port must be .*\. prot is no option\. Did you mean port\?$/);
    expect(wrong).toThrow(
      expect.objectContaining({
        issues: expect.arrayContaining([expect.objectContaining({ path: ['prot'] })]),
      }),
    );
  });

  test('an empty variable counts as not set', () => {
    expect(loadConfig({}, { PORT: '', REDIS_URL: '' })).toMatchObject({ port: 3000, redisUrl: null });
  });

  test('turns the monitor off along with the simulation, unless it is told otherwise', () => {
    expect(loadConfig({}, { SIMULATION: 'off' })).toMatchObject({ simulation: false, monitorIntervalMs: 0 });
    expect(loadConfig({ simulation: false, monitorIntervalMs: 1000 }, {}).monitorIntervalMs).toBe(1000);
  });

  test.each([
    ['PORT', '70000', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', 'http', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '80.5', 'PORT must be a whole number from 0 to 65535.'],
    ['SIMULATION', 'maybe', 'SIMULATION must be on or off.'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent.'],
    ['REDIS_URL', 'http://x', 'REDIS_URL must be a Redis URL. A Redis URL must look like redis://host:6379.'],
    [
      'REDIS_URL',
      'redis+sentinel://a:26379,b:26379',
      'REDIS_URL must be a Redis URL. A Redis URL must name the master behind the Sentinels: …/mymaster.',
    ],
    ...[
      ['{"fine": "1 h", "agent_message": "soon"}', '; that of "agent_message" is "soon"'],
      ['{"a b": "1 h"}', '; that of "a b" is "1 h"'],
      ...['[]', 'null', '30 days'].map((wrong) => [wrong, '']),
    ].map(([wrong = '', fault = '']) => [
      'RETENTION',
      wrong,
      `RETENTION must be limits by type, as JSON: {"agent_message": "30 days", "system_status": {"records": 100, "age": "1 h"}}${fault}.`,
    ]),
    ['RETENTION_MAX_RECORDS', '0', 'RETENTION_MAX_RECORDS must be a whole number from 1 to 10000000.'],
    ['MONITOR_INTERVAL_MS', '-1', 'MONITOR_INTERVAL_MS must be a whole number from 0 to 2147483647.'],
    [
      'ALLOWED_ORIGINS',
      'a.example',
      'ALLOWED_ORIGINS must be origins such as https://example.org or capacitor://localhost, comma-separated.',
    ],
    [
      'ALLOWED_HOSTS',
      'https://a.example',
      'ALLOWED_HOSTS must be names such as events.example.org, comma-separated.',
    ],
  ])(
    'refuses %s=%s with a message that names the variable and the allowed values',
    (name, value, message) => {
      const error = failure(() => loadConfig({}, { [name]: value }));
      expect(error).toMatchObject({ code: 'INVALID_OPTION', message, issues: [{ path: [name] }] });
    },
  );

  test('names a wrong option as the option, and lists all problems at once', () => {
    const { message } = failure(() => loadConfig({ port: -1 }, { SIMULATION: '?' }));
    expect(message).toBe('port must be a whole number from 0 to 65535. SIMULATION must be on or off.');
  });

  test('selects a file or Redis for the events, never both', () => {
    expect(loadConfig({}, { DATA: './psyche.db' }).data).toBe('./psyche.db');
    const { message } = failure(() => loadConfig({}, { DATA: './psyche.db', REDIS_URL: 'redis://x' }));
    expect(message).toBe('DATA must be left out where events are kept in Redis.');
  });

  test('refuses a METRICS_PORT after which its workers have no ports', () => {
    const workers = { WORKERS: '2', REDIS_URL: 'redis://x' };
    const { message } = failure(() => loadConfig({}, { METRICS_PORT: '65535', ...workers }));
    expect(message).toMatch(/^METRICS_PORT must be lower: /);
    expect(loadConfig({}, { METRICS_PORT: '65534', ...workers }).metricsPort).toBe(65_534);
    expect(loadConfig({}, { METRICS_PORT: '65535' }).metricsPort).toBe(65_535);
    expect(loadConfig({}, { METRICS_PORT: '0', ...workers }).metricsPort).toBe(0);
  });

  test('refuses METRICS_PORT where it is PORT; control: another, or of another address', () => {
    const ports = (env: Record<string, string>) => () => loadConfig({}, { PORT: '9464', ...env });
    const same = 'METRICS_PORT must be another port than PORT, which is for clients.';
    expect(failure(ports({ METRICS_PORT: '9464' })).message).toBe(same);
    expect(failure(ports({ METRICS_PORT: '9464', HOST: '0.0.0.0' })).message).toBe(same);
    const workers = { METRICS_PORT: '9463', WORKERS: '2', REDIS_URL: 'redis://x' };
    expect(failure(ports(workers)).message).toMatch(
      /^METRICS_PORT must be a port such that PORT is not among the 2 from it on/,
    );
    for (const env of [
      { ...workers, METRICS_PORT: '9465' },
      { ...workers, METRICS_PORT: '9462' },
      { METRICS_PORT: '9464', METRICS_HOST: '127.0.0.2' },
      { PORT: '0', METRICS_PORT: '0' },
    ])
      expect(ports(env)()).toMatchObject({ metricsPort: Number(env.METRICS_PORT) });
  });

  test('hides the password of a wrong REDIS_URL', () => {
    const { message } = failure(() => loadConfig({}, { REDIS_URL: 'reddis://:hunter2@redis.example' }));
    expect(message).not.toContain('hunter2');
  });
});

describe('startServer', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('takes the configuration of the environment when it is given none', async () => {
    vi.stubEnv('PORT', 'no port');
    await expect(startServer()).rejects.toMatchObject({ message: expect.stringMatching(/^PORT must be/) });
    vi.stubEnv('PORT', '0');
    vi.stubEnv('LOG_LEVEL', 'silent');
    const server = await startServer();
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    await server.close();
  });

  test.each([{ port: 0 }, {}, null, 3000])('says what it expects when it is given %j', async (options) => {
    await expect(startServer(options as ServerConfig)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('startServer(loadConfig({ port: 3000 })'),
    });
  });

  test('refuses a part that it does not have, by name', async () => {
    const parts = { catlog: {} };
    await expect(startServer(loadConfig({ port: 0 }), parts as object)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/no part catlog: its parts are catalog, /),
    });
  });
});
