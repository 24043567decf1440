import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { agentMessage } from '../support/events.ts';
import { run, serve } from './command.ts';

const KEY = 'a-key-of-thirty-two-characters-01';

test('--token or PSYCHE_TOKEN says who you are to a server that asks; without it nothing is stored or shown', async () => {
  const sha256 = createHash('sha256').update(KEY).digest('hex');
  const claims = { publish: ['agent_*'], subscribe: ['*'], topics: ['*'] };
  await using server = await serve([], { AUTH_API_KEYS: JSON.stringify([{ id: 'cli', sha256, claims }]) });
  const publish = ['publish', 'agent_message', JSON.stringify(agentMessage('hi')), '--url', server.url];
  expect(await run(publish)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('token') });
  expect(await run([...publish, '--token', KEY])).toMatchObject({ code: 0, stderr: '' });
  const history = ['history', '--url', server.url];
  expect((await run(history)).code).toBe(1);
  const { code, stdout } = await run(history, '', { PSYCHE_TOKEN: KEY });
  expect([code, stdout.trim().split('\n').length]).toEqual([0, 1]);
});
