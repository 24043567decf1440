import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { FOLLOWED, PATIENCE_MS, RECEIVED } from './expected.ts';
import { expectDreams } from './page-of.ts';

test(
  'an application of Next.js works: hooks in StrictMode, a build, and a route handler with server-sent events',
  async () => {
    await using app = await Application.make('next');
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    await using events = await app.start('npx', ['tsx', 'events.ts']);
    expect(events.output()).toBe(`${RECEIVED}\nlistening on ${events.url}\n`);
    await using next = await app.start('npm', ['--silent', 'start', '--', '--port', '0'], {
      EVENTS_URL: events.url,
    });
    expect(await app.run('run', 'npx', ['tsx', 'follow-route.ts', `${next.url}/trpc`])).toBe(`${FOLLOWED}\n`);
    await expectDreams(next.url, '1970 18446744073709551616 7', '1 1970 7');
  },
  2 * PATIENCE_MS,
);
