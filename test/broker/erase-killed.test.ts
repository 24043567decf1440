import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { type Broker, RedisBroker } from '../../server/index.ts';
import { DiskFixture } from '../broker-disk/fixtures.ts';
import { bundle } from '../setup/bundle.ts';

const eraser = bundle(join(import.meta.dirname, 'eraser.ts'));
const ROUNDS = 3;

/** A log that processes are killed at. */
interface Place extends AsyncDisposable {
  /** Arguments of the process. */
  readonly args: readonly string[];
  /** Opens it, once no process has it. */
  open(): Promise<Broker>;
}

const places: Record<string, () => Place> = {
  SqliteBroker() {
    const disk = new DiskFixture();
    return {
      args: ['SqliteBroker', disk.path, ''],
      open: () => disk.open({ maxRecords: 1_000_000 }),
      [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
    };
  },
  RedisBroker() {
    const [url, prefix] = [inject('redisUrl'), `test-${randomUUID()}`];
    return {
      args: ['RedisBroker', url, prefix],
      open: async () => new RedisBroker({ url }, { prefix, timeoutMs: 20_000 }),
      async [Symbol.asyncDispose]() {},
    };
  },
};

/** Lets a process publish events from number `start` on and erase until it has printed so many lines, or has ended by itself; then it is killed. */
async function eraseUntilKilled(
  args: readonly string[],
  mode: string,
  start: number,
  lines: number,
): Promise<number> {
  const child = spawn(process.execPath, [eraser, ...args, mode, `${start}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return output.split('\n').length - 1;
}

/** Numbers of erased records, and of those that notices are of. */
async function look(place: Place): Promise<{ erased: number[]; told: number[] }> {
  const broker = await place.open();
  const { epoch, last } = await broker.bounds('default');
  const erased: number[] = [];
  const told: number[] = [];
  for (let seq = 0; seq < last; ) {
    const { records } = await broker.read('default', { epoch, seq }, 1000);
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) {
      if (record.erased) erased.push(record.seq);
      if (record.type !== 'log.erased') continue;
      for (const [after, to] of JSON.parse(record.json).data.runs as [number, number][])
        for (let each = after + 1; each <= to; each++) told.push(each);
    }
    seq += records.length;
  }
  await broker.close();
  return { erased, told: told.toSorted((a, b) => a - b) };
}

describe.each(Object.entries(places))('[V7] a process that is killed while it erases, %s,', (_, open) => {
  test(`leaves nothing of a call or all of it, with its notices ×${ROUNDS}`, {
    timeout: 240_000,
  }, async () => {
    await using place = open();
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = await eraseUntilKilled(place.args, 'whole', round * 1_000_000, 2 + 2 * round);
      const { erased, told } = await look(place);
      expect(erased.length).toBeGreaterThanOrEqual(15 * lines);
      expect(erased.length % 15).toBe(0);
      expect(told).toEqual(erased);
    }
  });

  test('control: a call in steps leaves records that nobody is told of', async () => {
    await using place = open();
    await eraseUntilKilled(place.args, 'torn', 0, Number.POSITIVE_INFINITY);
    const { erased, told } = await look(place);
    expect(erased).toHaveLength(14);
    expect(told).toEqual([]);
  });
});
