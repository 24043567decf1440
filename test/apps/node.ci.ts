import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Application } from './application.ts';
import { FOLLOWED, PATIENCE_MS, RECEIVED, SERVICE, WHOLE } from './expected.ts';

/** The lowest versions that package.json's peers let in. */
const OLDEST = {
  '@trpc/client': '11.4.3',
  '@trpc/server': '11.4.3',
  superjson: '2.2.2',
  zod: '4.0.0',
};

let newest: Application | undefined;
afterAll(() => newest?.[Symbol.asyncDispose]());

test.each([
  ['newest', {}],
  ['oldest', OLDEST],
])(
  'a Node service without a framework receives typed events with the %s peer dependencies',
  async (age, versions) => {
    const app = await Application.make('node', {
      common: SERVICE,
      versions,
      ...(newest && { like: newest }),
    });
    if (age === 'newest') newest = app;
    await using _ = age === 'newest' ? null : app;
    if (age === 'oldest') expect(app.versions).toMatchObject(versions);
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    expect(await app.run('run', 'npm', ['--silent', 'start'])).toBe(`${RECEIVED}\n${FOLLOWED}\n${WHOLE}\n`);
    for (const shared of Object.keys(OLDEST)) expect(await app.copiesOf(shared), shared).toHaveLength(1);
  },
  PATIENCE_MS,
);

test('the oldest peer dependencies under test are the oldest that package.json allows', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const lowest = Object.keys(OLDEST).map((name) => [
    name,
    manifest.peerDependencies[name].replace(/^\^4$/, '^4.0.0'),
  ]);
  expect(Object.fromEntries(lowest)).toEqual(
    Object.fromEntries(Object.entries(OLDEST).map(([name, version]) => [name, `^${version}`])),
  );
});
