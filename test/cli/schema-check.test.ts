import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { loadCatalog } from '../../cli/schema/load-catalog.ts';
import { EventManager, RedisBroker, SqliteBroker } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { catalogModule } from './catalog-module.ts';
import { run } from './command.ts';
import { runHere } from './here.ts';

const directory = mkdtempSync(join(tmpdir(), 'psyche-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

const moduleOf = catalogModule.bind(null, directory);

const before = moduleOf(
  'before.mjs',
  '{ dream: z.object({ symbol: z.string() }), size: z.object({ of: z.string().transform((text) => text.length) }), gone: z.object({}) }',
);
const edited = moduleOf(
  'edited.mjs',
  '{ dream: z.object({ symbol: z.number(), depth: z.number() }), size: z.object({ of: z.number().transform(String) }), more: z.object({}) }',
);
const raised = moduleOf(
  'raised.mjs',
  `{
    dream: versions(z.object({ symbol: z.string() }), [z.object({ sign: z.string() }), ({ symbol }) => ({ sign: symbol })]),
    size: versions(z.object({ of: z.string().transform((text) => text.length) }), [z.object({ of: z.number() }), (data) => data]),
    gone: z.object({}),
  }`,
  'export default',
);

let written: AnyCatalog;
beforeAll(async () => {
  written = await loadCatalog(before);
});

const EDITED_PROBLEMS = [
  /^dream, version 1: 2 of 2 records cannot be read, the first at default:1( \(cursor \w+:1\))?: Invalid dream: data\.symbol: /m,
  /^size, version 1: 1 of 1 record cannot be read, the first at run-1:1( \(cursor \w+:1\))?: another schema wrote it.*versions\(…\)$/m,
  /^gone, version 1: 1 of 1 record cannot be read, the first at default:3( \(cursor \w+:3\))?: the catalog has no such event$/m,
];

async function fill(manager: EventManager<AnyCatalog>): Promise<void> {
  await manager.publish('dream', { symbol: 'a bridge' });
  await manager.publish('dream', { symbol: 'a door' });
  await manager.publish('gone', {});
  await manager.publish('size', { of: 'four' }, { topic: 'run-1' });
}

describe('[V5] schema --check and --diff of a log', () => {
  const logs: [string, () => Promise<{ where: string; env: Record<string, string>; path?: string }>][] = [
    [
      'in a file',
      async () => {
        const path = join(mkdtempSync(join(directory, 'log-')), 'psyche.db');
        const manager = new EventManager({ catalog: written, broker: await SqliteBroker.open({ path }) });
        await fill(manager);
        await manager.close();
        return { where: path, env: {}, path };
      },
    ],
    [
      'in Redis',
      async () => {
        const prefix = `check-${randomUUID()}`;
        const url = inject('redisUrl');
        const manager = new EventManager({ catalog: written, broker: new RedisBroker({ url }, { prefix }) });
        await fill(manager);
        await manager.close();
        return { where: url, env: { REDIS_PREFIX: prefix } };
      },
    ],
  ];

  test.each(logs)('%s', async (_, open) => {
    const { where, env, path } = await open();
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const args = (what: string, module: string) => ['schema', '--catalog', module, what, where];
    const call = (what: string, module: string) => runHere(args(what, module));
    const bytes = path && readFileSync(path).toString('base64');
    const failed = await run(args('--check', edited));
    expect(failed).toMatchObject({ code: 1, stderr: '' });
    for (const problem of EDITED_PROBLEMS) expect(failed.stdout).toMatch(problem);
    // What erase takes; a file keeps it to itself.
    expect(failed.stdout.match(/\(cursor /g) ?? []).toHaveLength(path ? 0 : EDITED_PROBLEMS.length);
    expect(failed.stdout.trim().split('\n')).toHaveLength(EDITED_PROBLEMS.length);
    for (const module of [before, raised])
      expect(await call('--check', module)).toEqual({
        code: 0,
        stdout: `All can be read: 4 records of ${where}\n`,
        stderr: '',
      });
    expect((await call('--diff', raised)).stdout.split('\n')).toEqual([
      '~ dream: version 1 → 2',
      '    - data.symbol: string',
      '    + data.sign: string',
      '~ size: version 1 → 2',
      '    ~ data.of: string → number',
      '',
    ]);
    expect((await call('--diff', edited)).stdout).toMatch(/^- gone, version 1\n\+ more, version 1$/m);
    expect(await call('--diff', before)).toEqual({ code: 0, stdout: 'Nothing has changed.\n', stderr: '' });
    // Nothing was written: neither to the file nor to what is kept of schemas.
    if (path) expect(readFileSync(path).toString('base64')).toBe(bytes);
    expect((await call('--diff', before)).stdout).toBe('Nothing has changed.\n');
  });

  test('in a file that a server has open, or that is none, is refused', async () => {
    const path = join(mkdtempSync(join(directory, 'log-')), 'psyche.db');
    const manager = new EventManager({ catalog: written, broker: await SqliteBroker.open({ path }) });
    await fill(manager);
    const open = await runHere(['schema', '--catalog', before, '--check', path]);
    expect(open).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/another process has it open/),
    });
    await manager.close();
    for (const [name, reason] of [
      ['nowhere.db', /there is no such file/],
      ['before.mjs', /not a log of events/],
    ] as const) {
      const { code, stderr } = await runHere(['schema', '--check', join(directory, name)]);
      expect(code).toBe(1);
      expect(stderr).toMatch(reason);
    }
    expect(statSync(path).size).toBeGreaterThan(0);
  });
});

test('[V5] schema --check and --diff of a server', async () => {
  await using server = await startTestServer({}, { catalog: written });
  const call = (what: string, module: string) => runHere(['schema', '--catalog', module, what, server.url]);
  expect(await call('--check', edited)).toEqual({
    code: 1,
    stderr: '',
    stdout: `dream, version 1: data.symbol is string there, and number in the catalog; data.depth is required, and there is none
size, version 1: data.of is string there, and number in the catalog
gone: the catalog has no such event
`,
  });
  expect(await call('--check', raised)).toEqual({
    code: 0,
    stderr: '',
    stdout: 'All can be read, by their schemas: 3 events of the server\n',
  });
  expect((await call('--diff', edited)).stdout).toContain('    ~ data.symbol: string → number\n');
  expect((await call('--diff', before)).stdout).toBe('Nothing has changed.\n');
});

test('[V5] schema --check and --diff of a document that schema has printed; of a server without a scheme', async () => {
  const saved = join(directory, 'released.schema.json');
  writeFileSync(saved, (await runHere(['schema', '--catalog', before])).stdout);
  const call = (what: string, module: string, where: string) =>
    runHere(['schema', '--catalog', module, what, where]);
  const failed = await call('--check', edited, saved);
  expect(failed).toMatchObject({ code: 1, stderr: '' });
  expect(failed.stdout).toMatch(/^dream, version 1: data\.symbol is string there, and number in the catalog/);
  expect(await call('--check', raised, saved)).toMatchObject({
    code: 0,
    stdout: 'All can be read, by their schemas: 3 events of the document\n',
  });
  expect((await call('--diff', before, saved)).stdout).toBe('Nothing has changed.\n');
  writeFileSync(saved, '{"hello": 1}');
  expect((await call('--check', before, saved)).stderr).toMatch(/describes no events/);
  writeFileSync(saved, '{"hello": ');
  expect((await call('--check', before, saved)).stderr).toMatch(/is no JSON/);
  await using server = await startTestServer({}, { catalog: written });
  expect((await call('--diff', before, new URL(server.url).host)).stdout).toBe('Nothing has changed.\n');
});

test('[V5] schema --check and --diff print nothing of a document that steers a terminal', async () => {
  const saved = join(directory, 'steers.json');
  const definition = { properties: { event_type: {}, data: {} } };
  writeFileSync(saved, JSON.stringify({ $defs: { 'dream\u001b[2J': definition } }));
  for (const how of ['--check', '--diff']) {
    const { stdout } = await runHere(['schema', '--catalog', before, how, saved]);
    expect(stdout).toContain('dream [2J');
    expect(stdout).not.toContain('\u001b');
  }
});

test('[V5] schema --check warns of a log without records', async () => {
  vi.stubEnv('REDIS_PREFIX', `none-${randomUUID()}`);
  expect(await runHere(['schema', '--catalog', before, '--check', inject('redisUrl')])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/holds no records: is it the right one/),
  });
});

test('schema --catalog prints the events of a module; a module without one is named', async () => {
  const { stdout } = await runHere(['schema', '--catalog', raised]);
  expect(JSON.parse(stdout).$defs.dream).toMatchObject({
    'x-version': 2,
    'x-fingerprints': [expect.stringMatching(/^[0-9a-f]{16}$/), expect.any(String)],
  });
  const none = join(directory, 'none.mjs');
  writeFileSync(none, 'export const catalog = {};');
  expect((await runHere(['schema', '--catalog', none])).stderr).toMatch(/none\.mjs exports no catalog/);
  expect((await runHere(['schema', '--catalog', `${none}x`])).stderr).toMatch(/none\.mjsx cannot be loaded/);
  expect((await runHere(['schema', '--check', 'a', '--diff', 'b'])).code).toBe(1);
});
