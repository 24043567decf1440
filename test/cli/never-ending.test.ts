import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { run } from './command.ts';

// Node itself ends such a process with code 0.
test('a check with a catalog whose module never finishes loading ends with code 1 and says so', async () => {
  const catalog = join(inject('runDirectory'), 'never-ending.mjs');
  writeFileSync(catalog, 'await new Promise(() => {});');
  expect(await run(['schema', '--check', inject('redisUrl'), '--catalog', catalog])).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'psyche-events: The command waits for what never happens, such as an await in a module of a catalog\n',
  });
});
