import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { FOLLOWED, PATIENCE_MS, RECEIVED } from './expected.ts';
import { expectDreams } from './page-of.ts';

test(
  'an application of Express, Vite, React and the latest @trpc/tanstack-react-query works with one copy of tRPC',
  async () => {
    await using app = await Application.make('express-react');
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    await using server = await app.start('npm', ['--silent', 'start']);
    expect(server.output()).toBe(`${RECEIVED}\n${FOLLOWED}\nlistening on ${server.url}\n`);
    await expectDreams(server.url, '1970 18446744073709551616 7', '1 1970 7');
    for (const shared of ['@trpc/server', '@trpc/client', 'zod', 'superjson']) {
      expect(await app.copiesOf(shared), shared).toHaveLength(1);
    }
  },
  PATIENCE_MS,
);
