import { describe, expect, test } from 'vitest';
import type { Broker, LogRecord } from '../../../server/broker/broker.ts';
import type { LogEntry } from '../../../shared/log.ts';
import { allRecords, entries, entry, numbersOf, RecordingSink } from './entries.ts';
import type { BrokerKind } from './fixtures.ts';

const topic = 'run-1';

/** Facts of an entry, or of its record, that readers need beside its text. */
const factsOf = ({ type, id, json, meta, version, schema }: LogEntry) => ({
  type,
  id,
  json,
  meta,
  version,
  schema,
});

/** Entries with all that an entry may say of its version: nothing, much, or a part. */
function ofVersions(from: number): LogEntry[] {
  const meta = '{"values":{"data.data.at":["Date"]}}';
  const facts: Partial<LogEntry>[] = [
    {},
    { version: 2 },
    { version: 3, schema: '1qx9z07' },
    { schema: 'b' },
    { version: 12, meta },
    { version: 999_999_999, schema: 'z'.repeat(64), meta },
    { meta },
  ];
  return facts.map((fact, index) => ({ ...entry(from + index), ...fact }));
}

/** All records, in pages of a size. */
async function inPages(broker: Broker, limit: number): Promise<LogRecord[]> {
  const { epoch, last } = await broker.bounds(topic);
  const records: LogRecord[] = [];
  while (records.length < last) {
    const page = await broker.read(topic, { epoch, seq: records.length }, limit);
    expect(page.gap).toBeNull();
    expect(page.records.length).toBeGreaterThan(0);
    records.push(...page.records);
  }
  return records;
}

/** Contract of every broker for events of several versions [V1], and for logs of an earlier format [V8]. */
export function describeVersions({ open, inherit }: BrokerKind): void {
  describe('versions of events', () => {
    test('[V1] are those that were published, for every process, in pages and live', async () => {
      await using log = await open();
      const sink = new RecordingSink();
      await log.another().tail(topic, sink);
      const published = ofVersions(1);
      await log.broker.publish(topic, published);
      for (const each of ofVersions(11)) {
        published.push(each);
        await log.another().publish(topic, [each]);
      }
      await expect.poll(() => sink.received.length).toBe(published.length);
      const expected = published.map(factsOf);
      expect(sink.received.map(factsOf)).toEqual(expected);
      for (const limit of [1, 3, 100])
        expect((await inPages(log.another(), limit)).map(factsOf)).toEqual(expected);
    });

    test('[V1] [D3] do not change with a duplicate of another version', async () => {
      await using log = await open();
      const [first] = await log.broker.publish(topic, [{ ...entry(1, 'key'), version: 2, schema: 'a1' }]);
      const again = [{ ...entry(2, 'key'), version: 3 }, entry(3, 'key')];
      for (const each of again)
        expect(await log.another().publish(topic, [each])).toEqual([
          { cursor: first?.cursor, duplicate: true },
        ]);
      const records = await allRecords(log.broker, topic);
      expect(records).toMatchObject([{ version: 2, schema: 'a1' }]);
      expect(numbersOf(records)).toEqual([1]);
    });

    test('[V1] [D4] are of one type, whose limit counts them all', async () => {
      await using log = await open({ retention: { tick: { records: 3 } } });
      for (const each of ofVersions(1)) await log.broker.publish(topic, [each]);
      const { epoch } = await log.broker.bounds(topic);
      const { gap, records } = await log.another().read(topic, { epoch, seq: 0 }, 100);
      expect(gap).toMatchObject({ to: { epoch, seq: 4 }, reason: 'trimmed' });
      expect(records.map(({ version }) => version)).toEqual([12, 999_999_999, undefined]);
    });
  });

  describe.skipIf(!inherit)('a log of format 1 (of brokers whose logs outlive the process)', () => {
    const openOld = (...call: Parameters<NonNullable<typeof inherit>>) => {
      if (!inherit) throw new Error('not skipped');
      return inherit(...call);
    };
    /** As code of that format wrote them: of no version, and by nobody. */
    const old: readonly LogEntry[] = [
      entry(1, 'key 1'),
      { ...entry(2, 'kéy"2'), meta: '{"values":{"data.data.at":["Date"]}}' },
      ...entries(3, 6),
    ];

    test('[V8] is read as it is, and goes on with records of all versions beside its own', async () => {
      await using log = await openOld(topic, old);
      const before = await log.broker.bounds(topic);
      expect(before).toMatchObject({ first: 1, last: old.length });
      const sink = new RecordingSink();
      await log.another().tail(topic, sink);
      expect((await allRecords(log.another(), topic)).map(factsOf)).toEqual(old.map(factsOf));
      const published = ofVersions(11);
      await log.broker.publish(topic, published.slice(0, 4));
      await log.another().publish(topic, published.slice(4));
      await expect.poll(() => sink.received.length).toBe(published.length);
      expect(sink.received.map(factsOf)).toEqual(published.map(factsOf));
      sink.expectContiguous();
      const all = [...old, ...published].map(factsOf);
      for (const limit of [1, 4, 100])
        expect((await inPages(log.another(), limit)).map(factsOf)).toEqual(all);
      expect((await log.broker.bounds(topic)).epoch).toBe(before.epoch);
    });

    test('[V8] [D3] has ids that are still known, whatever the version is now', async () => {
      await using log = await openOld(topic, old);
      const { epoch } = await log.broker.bounds(topic);
      for (const [index, { id }] of old.entries())
        expect(await log.another().publish(topic, [{ ...entry(9, id), version: 2 }])).toEqual([
          { cursor: `${epoch}:${index + 1}`, duplicate: true },
        ]);
      expect((await log.broker.bounds(topic)).last).toBe(old.length);
    });

    test('[V8] [V7] has records that can be erased, beside those of today', async () => {
      await using log = await openOld(topic, old);
      const { epoch } = await log.broker.bounds(topic);
      const notice = { type: 'log.erased', id: 'n', json: '{"data":{}}' };
      // The first write to it, so that an upgrade has to come before the erasing.
      expect(await log.broker.erase(topic, epoch, [2, 3], [notice])).toBe(2);
      await log.broker.publish(topic, [{ ...entry(8), version: 2 }]);
      expect(await log.another().erase(topic, epoch, [1, 8], [{ ...notice, id: 'm' }])).toBe(2);
      const records = await allRecords(log.another(), topic);
      expect(records.map(({ erased = false }) => erased)).toEqual(
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map((seq) => [1, 2, 3, 8].includes(seq)),
      );
      expect(records[7]).toMatchObject({ version: 2, json: '' });
      for (const { id, seq } of records.slice(0, old.length)) expect(id).toBe(old[seq - 1]?.id);
    });

    test.each([
      ['of all', { maxRecords: 3 }],
      ['of their type', { retention: { tick: { records: 3 } } }],
    ])('[V8] [D4] has records that count for the limits %s', async (_, retention) => {
      await using log = await openOld(topic, old, retention);
      await log.broker.publish(topic, [{ ...entry(7), version: 2 }]);
      const { epoch } = await log.broker.bounds(topic);
      const { gap, records } = await log.another().read(topic, { epoch, seq: 0 }, 100);
      expect(gap).toMatchObject({ to: { epoch, seq: 4 }, lost: 4, reason: 'trimmed' });
      expect(numbersOf(records)).toEqual([5, 6, 7]);
      expect(records.map(({ version }) => version)).toEqual([undefined, undefined, 2]);
    });
  });
}
