import { test } from 'vitest';
import { Application } from './application.ts';
import { expectHeard, expectOneTrpc, onFreePort } from './create.ts';
import { PATIENCE_MS } from './expected.ts';

test('the template next does so in development and when it was built', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  await using app = await Application.create('next');
  {
    await using dev = await app.start('npm', onFreePort('dev', '--hostname', '127.0.0.1'));
    await expectHeard(dev.url);
  }
  await app.run('build', 'npm', ['run', '--silent', 'build']);
  await using built = await app.start('npm', onFreePort('start', '--hostname', '127.0.0.1'));
  await expectHeard(built.url);
  await expectOneTrpc(app);
});
