import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import type { Broker } from '../../../server/index.ts';
import { DiskFixture } from '../../broker-disk/fixtures.ts';
import { bundle } from '../../setup/bundle.ts';
import { allRecords } from '../contract/entries.ts';
import { redisFixture } from '../contract/fixtures.ts';
import { openOf, topic } from './open-events.ts';

const opener = bundle(join(import.meta.dirname, 'opener.ts'));
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
    const log = redisFixture({ timeoutMs: 20_000, maxRecords: 1_000_000 });
    return {
      args: ['RedisBroker', inject('redisUrl'), log.prefix],
      open: async () => log.another(),
      [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
    };
  },
};

/** Lets a process begin and settle events until it has printed so many ids, or has ended by itself. @returns the ids of events that it was told are settled */
async function runUntilKilled(args: readonly string[], mode: string, start: number, ids: number) {
  const child = spawn(process.execPath, [opener, ...args, mode, `${start}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > ids) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

/** Ids of the records of openings and of settlements, and of what is open. */
async function look(place: Place) {
  const broker = await place.open();
  const records = await allRecords(broker, topic);
  const set = await openOf(broker).read(topic);
  const ids = records.map(({ id }) => id);
  const settled = ids.filter((id) => id.endsWith('.settled')).map((id) => id.replace('.settled', ''));
  const states = await Promise.all(
    settled.map((id) =>
      openOf(broker)
        .find(topic, id)
        .catch(() => null),
    ),
  );
  await broker.close();
  return { begun: ids.filter((id) => !id.endsWith('.settled')), settled, set, states };
}

describe.each(Object.entries(places))('[O1] a process that is killed while it settles, %s,', (_, open) => {
  test(`leaves each event open, or settled with its record ×${ROUNDS}`, { timeout: 240_000 }, async () => {
    await using place = open();
    const told: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      told.push(...(await runUntilKilled(place.args, 'whole', round, 20 * round)));
      const { begun, settled, set, states } = await look(place);
      const left = set.events.map(({ id }) => id);
      expect([...settled, ...left].toSorted()).toEqual(begun.toSorted());
      expect(new Set(settled).size).toBe(settled.length);
      expect(states.every((state) => state && 'state' in state && state.state === 'done')).toBe(true);
      expect(told.filter((id) => !settled.includes(id))).toEqual([]);
      for (const { grows } of set.events) expect('012').toContain(grows?.text);
      expect(set.at.seq).toBe(begun.length + settled.length);
    }
  });

  test('control: a settlement in two steps is both in the log and open', async () => {
    await using place = open();
    await runUntilKilled(place.args, 'torn', 0, Number.POSITIVE_INFINITY);
    const { settled, set } = await look(place);
    expect(settled.length).toBeGreaterThan(0);
    expect(set.events.map(({ id }) => id)).toEqual(expect.arrayContaining(settled));
  });
});
