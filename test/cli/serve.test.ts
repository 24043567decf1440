import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, inject, test } from 'vitest';
import { WebSocket } from 'ws';
import { RunningCommand, run, serve } from './command.ts';

describe('psyche-events serve', () => {
  test.each([
    ['in memory', 'SIGTERM', []],
    ['with Redis', 'SIGINT', ['--redis', inject('redisUrl')]],
  ] as const)(
    'becomes ready %s, and exits with code 0 within 5 s of %s, with open streams and sockets',
    async (_, signal, args) => {
      await using server = await serve(args);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      const stream = await fetch(`${server.url}/trpc/on.any`);
      const reader = stream.body?.getReader();
      await reader?.read();
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
      await once(socket, 'open');
      const closed = once(socket, 'close');
      server.command.child.kill(signal);
      // After 5 s it would be 1.
      expect(await server.command.exit()).toMatchObject({ code: 0, stderr: '' });
      expect((await closed)[0]).toBe(1001);
      await reader?.cancel().catch(() => {});
    },
  );

  test('exits at once on a second signal, but not on one that arrives with the first', async () => {
    await using server = await serve();
    const { child } = server.command;
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trpc`);
    await once(socket, 'open');
    const told = once(socket, 'message');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    await told; // it has begun to stop, and waits for this client, which will not answer
    socket.pause();
    expect(child.exitCode).toBe(null);
    const again = setInterval(() => child.kill('SIGTERM'), 50);
    expect((await server.command.exit()).code).toBe(1);
    clearInterval(again);
    socket.terminate();
  });

  test('stops on a signal to npm start, and npm reports how it ended; a misspelt variable is told without its value', async () => {
    const misspelt = { REDSI_URL: 'redis://:hunter2@nowhere.invalid', LLM_MODLE: 'hunter2' };
    const env = { PORT: '0', SIMULATION: 'off', ...misspelt };
    // Without scripts: what was built is run.
    await using npm = new RunningCommand(['--ignore-scripts'], env, ['npm', 'start']);
    await expect.poll(() => npm.stdout, { timeout: 30_000 }).toContain('http://');
    const [url = ''] = /http:\/\/[0-9.:]+/.exec(npm.stdout) ?? [];
    npm.child.kill('SIGTERM');
    const { code, stdout } = await npm.exit();
    expect(code).toBe(0);
    for (const told of ['The server is stopping', 'The server has stopped'])
      expect(stdout.split(told)).toHaveLength(2); // once
    await expect(fetch(url)).rejects.toThrow();
    expect(stdout).toContain('REDSI_URL is not a variable of this server. Did you mean REDIS_URL?');
    expect(stdout).toContain('Did you mean LLM_MODEL?');
    expect(stdout.match(/is not a variable/g)).toHaveLength(2); // nothing else of this environment, or of npm's
    expect(stdout).not.toContain('hunter2');
  });

  test('exits with code 1 and one line when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = String(typeof address === 'object' && address ? address.port : 0);
    expect(await run(['serve', '--port', port, '--log-level', 'silent'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `psyche-events: Port ${port} of 127.0.0.1 is in use. Stop what uses it, or set PORT to another one.\n`,
    });
    other.close();
  });

  test('exits with code 1 and one line without the password when Redis does not answer', async () => {
    const redis = 'redis://:hunter2@127.0.0.1:1';
    const { code, stdout, stderr } = await run(['serve', '--redis', redis, '--log-level', 'fatal']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^psyche-events: Redis at 127\.0\.0\.1:1 .+\n$/);
    expect(stdout + stderr).not.toContain('hunter2');
  });

  test('exits with code 1 and one line for an invalid option', async () => {
    expect(await run(['serve'], '', { PORT: '99999', SIMULATION: 'maybe' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'psyche-events: PORT must be a whole number from 0 to 65535. SIMULATION must be on or off.\n',
    });
  });
});
