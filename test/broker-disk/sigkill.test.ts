import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCursor } from '../../shared/cursor.ts';
import { allRecords } from '../broker/contract/entries.ts';
import { bundle } from '../setup/bundle.ts';
import { DiskFixture } from './fixtures.ts';

const publisher = bundle(join(import.meta.dirname, 'publisher.ts'));
const topic = 'run-1';

describe.each([
  { durability: 'commit', rounds: 10 },
  { durability: 'relaxed', rounds: 3 },
])('durability: $durability', ({ durability, rounds }) => {
  test(`[D2] every acknowledged event is in the log once after SIGKILL in mid-publish ×${rounds}`, async () => {
    await using disk = new DiskFixture();
    const acknowledged = new Map<string, string>();
    for (let round = 1; round <= rounds; round++) {
      // Each process begins with what the one before it may or may not have stored: a retry [D3].
      const from = Math.max(0, acknowledged.size - 200);
      const acks = await publishUntilKilled(disk, {
        durability,
        acknowledge: 'after',
        from,
        lines: 150 * round,
      });
      for (const [id, cursor] of acks) {
        expect(acknowledged.get(id) ?? cursor).toBe(cursor);
        acknowledged.set(id, cursor);
      }
      expect(await missing(disk, acknowledged)).toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(150 * rounds);
  }, 120_000);
});

test('control: some events are missing when they are acknowledged before they are stored', async () => {
  await using disk = new DiskFixture();
  const options = {
    durability: 'commit',
    acknowledge: 'early',
    from: 0,
    lines: Number.POSITIVE_INFINITY,
  } as const;
  const acks = await publishUntilKilled(disk, options);
  expect((await missing(disk, acks)).length).toBeGreaterThan(0);
});

/** Lets a process publish, kills it some time after it has acknowledged so many, and returns what it acknowledged. */
async function publishUntilKilled(
  { path }: DiskFixture,
  options: { durability: string; acknowledge: 'after' | 'early'; from: number; lines: number },
): Promise<Map<string, string>> {
  const { durability, acknowledge, from, lines } = options;
  const args = [publisher, path, durability, acknowledge, String(from)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  const acks = output
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  return new Map(acks.map(([id = '', cursor = '']) => [id, cursor]));
}

/** Lists acknowledged events that are not in the log at their cursor; the log must be contiguous and hold no id twice. */
async function missing(disk: DiskFixture, acknowledged: ReadonlyMap<string, string>): Promise<string[]> {
  const broker = await disk.open({ maxRecords: 1_000_000 });
  const { epoch, last } = await broker.bounds(topic);
  const records = await allRecords(broker, topic);
  await broker.close();
  expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(new Set(records.map(({ id }) => id)).size).toBe(last);
  return [...acknowledged].flatMap(([id, cursor]) => {
    const position = parseCursor(cursor);
    const found = position.epoch === epoch && records[position.seq - 1]?.id === id;
    return found ? [] : [id];
  });
}
