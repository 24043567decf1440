import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventManager, MemoryBroker } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';
import { type ForeignApp, startForeignApp } from '../support/foreign-app.ts';
import { dreams, nestedRouter } from '../support/foreign-router.ts';
import { runHere } from './here.ts';

const manager = new EventManager({ catalog: dreams, broker: new MemoryBroker() });
const news = new EventManager({ catalog: psycheEvents, broker: new MemoryBroker() });
let app: ForeignApp;
let at: string[];

beforeAll(async () => {
  app = await startForeignApp(nestedRouter(manager, news));
  at = ['--url', app.url, '--path', 'news'];
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await Promise.all([manager.close(), news.close()]);
});

test('--path reaches the events below a key of another application', async () => {
  const publish = ['publish', 'agent_message', JSON.stringify(agentMessage('from a shell'))];
  expect(await runHere([...publish, ...at])).toMatchObject({ code: 0, stderr: '' });
  expect(news.stats().published).toMatchObject({ agent_message: 1 });
  const { code, stdout } = await runHere(['history', ...at]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ data: { message: 'from a shell' } });
  const verify = ['verify', '--publishers', '1', '--subscribers', '1', '--seconds', '1', '--rate', '20'];
  expect(await runHere([...verify, ...at])).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['without --path', [], /No procedure found on path "publish.batch"|publish\.agent_message/],
  ['with a path to nothing', ['--path', 'evnts'], /No procedure found on path "evnts\.publish/],
  ['with an invalid path', ['--path', 'a..b'], /path must be the key of the events in your router/],
])('control: publishing fails %s', async (_, path, words) => {
  const publish = [
    'publish',
    'agent_message',
    JSON.stringify(agentMessage('lost')),
    '--url',
    app.url,
    ...path,
  ];
  expect(await runHere(publish)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(words) });
});
