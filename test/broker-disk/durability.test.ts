import { type FileHandle, open } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { entries, entry, numbersOf, RecordingSink } from '../broker/contract/entries.ts';
import { eventually } from '../client/eventually.ts';
import { DiskFixture } from './fixtures.ts';

const topic = 'run-1';
/** Prototype of all file handles. */
const fileHandle: FileHandle = await open(import.meta.filename).then(async (file) => {
  await file.close();
  return Object.getPrototypeOf(file);
});

afterEach(() => {
  vi.restoreAllMocks();
});

test('[D2] with durability commit, a publish is acknowledged and delivered once it is on the disk, not before', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open();
  await broker.publish(topic, [entry(1)]);
  const sink = new RecordingSink();
  await broker.tail(topic, sink);
  const before = await broker.bounds(topic);
  const { datasync, goOn } = holdDisk();

  const acknowledged = vi.fn();
  const published = broker.publish(topic, entries(2, 3)).then(acknowledged);
  await eventually(() => expect(datasync).toHaveBeenCalledTimes(1));
  expect(await broker.bounds(topic)).toEqual(before);
  expect((await broker.read(topic, { epoch: before.epoch, seq: 0 }, 10)).records).toHaveLength(1);
  expect(await broker.seek(topic, Number.MAX_SAFE_INTEGER)).toMatchObject({ seq: 1 });
  expect(sink.received).toEqual([]);
  expect(acknowledged).not.toHaveBeenCalled();

  goOn();
  await published;
  expect(sink.numbers).toEqual([2, 3]);
  expect(await broker.bounds(topic)).toMatchObject({ first: 1, last: 3 });
  expect(datasync).toHaveBeenCalledTimes(1);
});

test('with durability commit, the publishes of one turn share one wait for the disk, and those that arrive meanwhile share the next', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open();
  const { datasync, goOn } = holdDisk();
  const first = entries(1, 100).map((each) => broker.publish(topic, [each]));
  await eventually(() => expect(datasync).toHaveBeenCalledTimes(1));
  const second = entries(101, 200).map((each) => broker.publish(topic, [each]));
  goOn();
  await Promise.all([...first, ...second]);
  expect(datasync).toHaveBeenCalledTimes(2);
  const { epoch } = await broker.bounds(topic);
  const { records } = await broker.read(topic, { epoch, seq: 0 }, 300);
  expect(numbersOf(records)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
});

test('with durability relaxed, a publish does not wait for the disk', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open({ durability: 'relaxed' });
  const { datasync } = holdDisk();
  await broker.publish(topic, entries(1, 3));
  expect(await broker.bounds(topic)).toMatchObject({ last: 3 });
  expect(datasync).not.toHaveBeenCalled();
});

test('[D1] after a disk error nothing is acknowledged or delivered until the log is opened again, with a new epoch; reads go on', async () => {
  await using disk = new DiskFixture();
  const broker = await disk.open();
  await broker.publish(topic, [entry(1)]);
  const bounds = await broker.bounds(topic);
  vi.spyOn(fileHandle, 'datasync').mockRejectedValue(new Error('EIO: i/o error, fdatasync'));
  const refused = { code: 'UNAVAILABLE', message: expect.stringMatching(/opened again/) };
  await expect(broker.publish(topic, [entry(2, 'retried')])).rejects.toMatchObject(refused);
  vi.restoreAllMocks();
  await expect(broker.publish(topic, [entry(3)])).rejects.toMatchObject(refused);
  const { records } = await broker.read(topic, { epoch: bounds.epoch, seq: 0 }, 10);
  expect(numbersOf(records)).toEqual([1]);
  expect(await broker.bounds(topic)).toEqual(bounds);
  await broker.close();

  const again = await disk.open();
  await again.publish(topic, [entry(2, 'retried')]);
  const all = await again.read(topic, { epoch: bounds.epoch, seq: 1 }, 10);
  expect(all.gap).toMatchObject({ reason: 'epoch_changed' });
  expect(numbersOf(all.records)).toEqual([1, 2]);
});

/** A disk that stores nothing before `goOn`. */
function holdDisk() {
  let goOn = () => {};
  const stored = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  return { datasync: vi.spyOn(fileHandle, 'datasync').mockReturnValue(stored), goOn };
}
