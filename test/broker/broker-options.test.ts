import { expect, test } from 'vitest';
import type { SqliteBrokerOptions } from '../../server/broker/sqlite/sqlite-options.ts';
import { SqliteBroker } from '../../server/index.ts';

test.each<[object, string]>([
  [{ durability: 'Commit' }, "durability must be 'commit' or 'relaxed', not \"Commit\""],
  [{ durability: true }, "durability must be 'commit' or 'relaxed', not true"],
  [{ maxFileBytes: Number.NaN }, 'maxFileBytes must be a whole number above 0, not NaN'],
  [{ maxFileBytes: '1e9' }, 'maxFileBytes must be a whole number above 0, not 1e9'],
  [{ maxFileBytes: 0 }, 'maxFileBytes must be a whole number above 0, not 0'],
  [{ maxFileBytes: -1 }, 'maxFileBytes must be a whole number above 0, not -1'],
])('a SqliteBroker is not opened with %o', async (wrong, words) => {
  const options = { path: '/nowhere/log', ...wrong } as SqliteBrokerOptions;
  await expect(SqliteBroker.open(options)).rejects.toThrow(new TypeError(`SqliteBroker: ${words}`));
});
