import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { FOLLOWED, PATIENCE_MS } from './expected.ts';

test(
  'a router is called and followed as it is under each tRPC adapter: standalone, Express, Hono, Fastify, Next, ws',
  async () => {
    await using app = await Application.make('adapters', { common: ['router.ts', 'follow.ts'] });
    await app.run('build', 'npm', ['run', '--silent', 'build']);
    const output = await app.run('run', 'npm', ['--silent', 'start']);
    const overHttp = [
      'standalone',
      'express',
      'hono, fetch',
      'hono, @hono/trpc-server',
      'fastify',
      'next, pages',
    ];
    expect(output.trim().split('\n')).toEqual([
      ...overHttp.map((adapter) => `${adapter}: ${FOLLOWED}`),
      'ws: an item with its id',
      'our broadcaster: an item with its id',
    ]);
    expect(await app.copiesOf('@trpc/server')).toHaveLength(1);
  },
  PATIENCE_MS,
);
