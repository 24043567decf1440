import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startTestServer } from '../app/harness.ts';
import { startRedis } from '../setup/redis-server.ts';
import { agentMessage } from '../support/events.ts';
import { run } from './command.ts';
import { CommandHere, runHere } from './here.ts';

const KEY = 'a-key-of-thirty-two-characters-01';

test('--token or PSYCHE_TOKEN authenticates the command, and nothing is stored or shown without it', async () => {
  const sha256 = createHash('sha256').update(KEY).digest('hex');
  const claims = { publish: ['agent_*'], subscribe: ['*'], topics: ['*'] };
  await using server = await startTestServer({ authApiKeys: [{ id: 'cli', sha256, claims }] });
  const publish = ['publish', 'agent_message', JSON.stringify(agentMessage('hi')), '--url', server.url];
  expect(await runHere(publish)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('token'),
  });
  expect(await runHere([...publish, '--token', KEY])).toMatchObject({ code: 0, stderr: '' });
  const history = ['history', '--url', server.url];
  expect(await runHere(history)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\(pass --token, or set PSYCHE_TOKEN\)$/m),
  });
  for (const other of [
    await run(history, '', { PSYCHE_TOKEN: 'x' }),
    await runHere([...history, '--token', 'x']),
  ])
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/PSYCHE_TOKEN, was not accepted\)$/m),
    });
  const { code, stdout } = await run(history, '', { PSYCHE_TOKEN: KEY });
  expect([code, stdout.trim().split('\n').length]).toEqual([0, 1]);
});

test('revoke disconnects a subject on every server of a Redis, and nobody else', async () => {
  await using redis = await startRedis();
  const keys = ['alice', 'bob'].map((id) => {
    const sha256 = createHash('sha256').update(`${id}${KEY}`).digest('hex');
    return { id, sha256, claims: { publish: ['*'], subscribe: ['*'], topics: ['*'] } };
  });
  const options = { redisUrl: redis.url, authApiKeys: keys };
  await using one = await startTestServer(options);
  await using other = await startTestServer(options);
  const follow = async (who: string, url: string) => {
    const tail = new CommandHere(['tail', '--url', url, '--last', '1', '--token', `${who}${KEY}`]);
    await expect.poll(() => tail.stdout).toContain('before');
    return tail;
  };
  const publish = (text: string) =>
    runHere(['publish', 'agent_message', JSON.stringify(agentMessage(text)), '--redis', redis.url]);
  await publish('before');
  await using aliceHere = await follow('alice', one.url);
  await using aliceThere = await follow('alice', other.url);
  await using bob = await follow('bob', other.url);
  expect(await run(['revoke', 'alice'], '', { REDIS_URL: redis.url })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
  for (const tail of [aliceHere, aliceThere]) {
    const { code, stderr } = await tail.exit();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('4503') });
  }
  await publish('after');
  await expect.poll(() => bob.stdout).toContain('after');
  expect(aliceHere.stdout + aliceThere.stdout).not.toContain('after');
  expect(await run(['revoke', 'alice'], '', { REDIS_URL: '' })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('redis://'),
  });
});
