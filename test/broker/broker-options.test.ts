import { expect, test } from 'vitest';
import type { SqliteBrokerOptions } from '../../server/broker/sqlite/sqlite-options.ts';
import { RedisBroker, SqliteBroker } from '../../server/index.ts';

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

test.each([
  { option: 'timeoutMs', most: 1_073_741_823 },
  { option: 'checkIntervalMs', most: 2_147_483_647 },
])(
  'a RedisBroker waits with $option of $most at most: a longer timer ends at once',
  async ({ option, most }) => {
    const make = (value: number) => new RedisBroker({ url: 'redis://127.0.0.1:1' }, { [option]: value });
    expect(() => make(most + 1)).toThrow(
      new TypeError(`RedisBroker: ${option} must be at most ${most}, not ${most + 1}`),
    );
    await make(most).close();
  },
);
