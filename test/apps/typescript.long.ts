import { expect, test } from 'vitest';
import { Application } from './application.ts';
import { PATIENCE_MS } from './expected.ts';

const VERSIONS = ['5.7', '5.9', '7'];
const RESOLUTIONS = ['node16', 'nodenext', 'bundler'];

test(
  'TypeScript 5.7, 5.9 and 7, with each way to resolve modules, and libraries checked too',
  async () => {
    await using app = await Application.make('typescript', { common: [] });
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
