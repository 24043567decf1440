import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Broker, createAppRouter, type EventServer } from '../../server/index.ts';
import { toLogEntry } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { FakeClock } from '../simulation/fake-clock.ts';
import { newCatalog, oldCatalog, WAIT_MS } from '../versions/newer-versions.ts';
import { runHere } from './here.ts';

let server: EventServer<typeof oldCatalog> & AsyncDisposable;
let clock: FakeClock;
let broker: Broker;

beforeEach(async () => {
  clock = new FakeClock();
  server = await startTestServer(
    {},
    {
      catalog: oldCatalog,
      clock,
      application: (context) => {
        broker = context.broker;
        return { router: createAppRouter(context.manager) };
      },
    },
  );
});
afterEach(() => server.close());

const publishOld = (message: string) =>
  broker.publish('default', [toLogEntry(oldCatalog, { event_type: 'note', data: { message } })]);
const publishNew = (text: string) =>
  broker.publish('default', [toLogEntry(newCatalog, { event_type: 'note', data: { text } })]);

const run = (...args: readonly string[]) => runHere([...args, '--url', server.url]);
const printed = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).event_type);

describe('[V4] a server that is outdated', () => {
  test('export of it ends with an error, after what it could read', async () => {
    await publishOld('1');
    await publishNew('2');
    await publishOld('3');
    for (const more of [[], ['--since', new Date(0).toISOString()], ['--types', 'note']]) {
      const exported = await run('export', ...more);
      expect(printed(exported.stdout)).toEqual(['note']);
      expect(exported.stderr).toMatch(/Not all was exported.*newer version/);
      expect(exported.code).toBe(1);
    }
    await clock.advance(WAIT_MS);
    const all = await run('export');
    expect(all).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be read: 1.') });
    expect(printed(all.stdout)).toEqual(['note', 'stream_gap', 'note']);
  });

  test('erase without --yes counts what it could read, and says so', async () => {
    await publishOld('1');
    await publishNew('2');
    await publishOld('3');
    const count = async () => (await run('erase', '--filter', '{}')).stderr;
    expect(await count()).toMatch(/matching events: at least 1; nothing/);
    await clock.advance(WAIT_MS);
    expect(await count()).toMatch(/matching events: 3; nothing/);
  });

  test('export of it ends with an error also where nothing can be read before', async () => {
    await publishNew('1');
    expect(await run('export')).toMatchObject({ code: 1, stdout: '' });
  });

  test('history says so beside what it prints', async () => {
    await publishOld('1');
    const whole = await run('history');
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    await publishNew('2');
    for (const more of [[], ['--last', '5'], ['--since', new Date(0).toISOString()]]) {
      const history = await run('history', ...more);
      expect(printed(history.stdout)).toEqual(['note']);
      expect(history.stderr).toMatch(/This is not all.*newer version/);
      expect(history.code).toBe(0);
    }
  });
});
