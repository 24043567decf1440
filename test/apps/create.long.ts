import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { expectHeard } from './create.ts';
import { PATIENCE_MS } from './expected.ts';

const VITE = ['run', '--silent', 'dev', '--', '--host', '127.0.0.1', '--port', '0'];
const NEXT = ['run', '--silent', 'dev', '--', '--hostname', '127.0.0.1', '--port', '0'];

test.each([
  { template: 'node', dev: VITE, rows: 1 },
  { template: 'agent', dev: VITE, rows: 2 },
  { template: 'next', dev: NEXT, rows: 1 },
])(
  'the template $template, made and installed from the packed packages, delivers what one window says to another',
  { timeout: 2 * PATIENCE_MS },
  async ({ template, dev, rows }) => {
    await using app = await Application.create(template);
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    await using server = await app.start('npm', dev);
    await expectHeard(server.url, { rows });
    for (const shared of ['@trpc/server', '@trpc/client']) {
      expect(await app.copiesOf(shared), shared).toHaveLength(1);
    }
  },
);
