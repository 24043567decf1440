import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { PATIENCE_MS } from './expected.ts';

const VERSIONS = ['5.7', '5.9', '7'];
const RESOLUTIONS = ['node16', 'nodenext', 'bundler'];

test.each([
  ['the latest tRPC', {}],
  // The one that the latest @trpc/tanstack-react-query asks for: its declarations need older ones of ws.
  ['tRPC 11.22.1', { '@trpc/client': '11.22.1', '@trpc/server': '11.22.1' }],
])(
  'the package compiles with %s under TypeScript 5.7, 5.9 and 7, for each way to resolve modules, with library checks',
  async (_name, versions) => {
    await using app = await Application.make('typescript', { common: [], versions });
    for (const version of VERSIONS) {
      for (const resolution of RESOLUTIONS) {
        const tsc = `node_modules/typescript-${version}/bin/tsc`;
        const args = ['-p', `tsconfig.${resolution}.json`];
        expect(await app.run(`${version} ${resolution}`, 'node', [tsc, ...args]), tsc).toBe('');
      }
    }
  },
  4 * PATIENCE_MS,
);
