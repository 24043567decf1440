import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { entry } from '../broker/contract/entries.ts';
import { bundle } from '../setup/bundle.ts';
import { DiskFixture } from './fixtures.ts';

const topic = 'run-1';
const publisher = bundle(join(import.meta.dirname, 'publisher.ts'));

test('a second process cannot open the file until the first has closed it', async () => {
  await using disk = new DiskFixture();
  const first = await disk.open();
  await first.publish(topic, [entry(1)]);
  const message = expect.stringMatching(/another process has it open/);
  await expect(disk.open()).rejects.toMatchObject({ code: 'UNAVAILABLE', message });
  const other = promisify(execFile)(process.execPath, [publisher, disk.path, 'commit', 'after', '0']);
  await expect(other).rejects.toMatchObject({ code: 1, stderr: message });
  await first.publish(topic, [entry(2)]);
  await first.close();
  const second = await disk.open();
  expect(await second.bounds(topic)).toMatchObject({ last: 2 });
});
