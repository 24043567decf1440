import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { expectHeard, expectOneTrpc, expectStreamed, onFreePort } from './create.ts';
import { PATIENCE_MS } from './expected.ts';

test.each([
  { template: 'node', rows: 1 },
  { template: 'agent', rows: 2 },
])(
  'the template $template, made and installed from the packed packages, delivers what one window says to another',
  { timeout: PATIENCE_MS },
  async ({ template, rows }) => {
    await using app = await Application.create(template);
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    await using dev = await app.start('npm', onFreePort('dev', '--host', '127.0.0.1'));
    await expectHeard(dev.url, { rows });
    await using alone = await app.start('npm', ['run', '--silent', 'serve'], { PORT: '0' });
    expect(await (await fetch(`${alone.url}/schema.json`)).text()).toContain('"message"');
    await expectOneTrpc(app);
  },
);

test('the template hono, made and installed from the packed packages, delivers what one window says to another', {
  timeout: PATIENCE_MS,
}, async () => {
  await using app = await Application.create('hono');
  expect(await app.run('build', 'npm', ['run', '--silent', 'build'])).toBe('');
  await using server = await app.start('npm', ['--silent', 'start'], { PORT: '0' });
  await expectHeard(server.url);
  await expectStreamed(server.url);
  await using dev = await app.start('npm', ['--silent', 'run', 'dev'], { PORT: '0' });
  expect(dev.url).not.toBe(server.url);
  const taken = new URL(server.url).port;
  await expect(app.run('taken', 'npm', ['--silent', 'start'], { PORT: taken })).rejects.toThrow(
    `Port ${taken} is taken: PORT=${Number(taken) + 1} npm run dev`,
  );
});
