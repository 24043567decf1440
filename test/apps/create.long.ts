import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { expectHeard } from './create.ts';
import { PATIENCE_MS } from './expected.ts';

const script = (name: string, ...args: string[]) => ['run', '--silent', name, '--', ...args, '--port', '0'];

test.each([
  { template: 'node', rows: 1 },
  { template: 'agent', rows: 2 },
])(
  'the template $template, made and installed from the packed packages, delivers what one window says to another',
  { timeout: PATIENCE_MS },
  async ({ template, rows }) => {
    await using app = await Application.create(template);
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    await using dev = await app.start('npm', script('dev', '--host', '127.0.0.1'));
    await expectHeard(dev.url, { rows });
    await using alone = await app.start('npm', ['run', '--silent', 'serve'], { PORT: '0' });
    expect(await (await fetch(`${alone.url}/schema.json`)).text()).toContain('"message"');
    await expectOneTrpc(app);
  },
);

test('the template next does so in development and when it was built', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  await using app = await Application.create('next');
  {
    await using dev = await app.start('npm', script('dev', '--hostname', '127.0.0.1'));
    await expectHeard(dev.url);
  }
  await app.run('build', 'npm', ['run', '--silent', 'build']);
  await using built = await app.start('npm', script('start', '--hostname', '127.0.0.1'));
  await expectHeard(built.url);
  await expectOneTrpc(app);
});

/** Templates name their versions of tRPC: two copies would not know each other's items. */
async function expectOneTrpc(app: Application): Promise<void> {
  for (const shared of ['@trpc/server', '@trpc/client']) {
    expect(await app.copiesOf(shared), shared).toHaveLength(1);
  }
}
