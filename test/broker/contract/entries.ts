import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Broker, Gap, LogRecord, TailSink } from '../../../server/broker/broker.ts';
import type { Position } from '../../../shared/cursor.ts';
import type { LogEntry } from '../../../shared/log.ts';

/** An entry whose data is `n`. */
export function entry(n: number, id: string = randomUUID()): LogEntry {
  const json = JSON.stringify({ event_type: 'tick', timestamp: '2026-01-01T00:00:00.000Z', data: { n } });
  return { type: 'tick', id, json };
}

/** Entries whose data is from…to. */
export function entries(from: number, to: number): LogEntry[] {
  return Array.from({ length: to - from + 1 }, (_, index) => entry(from + index));
}

/** The numbers that records made of {@link entry} hold. */
export function numbersOf(records: readonly LogRecord[]): number[] {
  return records.map(({ json }) => JSON.parse(json).data.n);
}

/** All records of a topic from its first one on, page by page. Fails if one is missing. */
export async function allRecords(
  broker: Pick<Broker, 'read' | 'bounds'>,
  topic: string,
): Promise<LogRecord[]> {
  const { epoch } = await broker.bounds(topic);
  const all: LogRecord[] = [];
  for (;;) {
    const { gap, records } = await broker.read(topic, { epoch, seq: all.length }, 1000);
    expect(gap).toBeNull();
    if (records.length === 0) return all;
    all.push(...records);
  }
}

/** Writes down what a tail calls. */
export class RecordingSink implements TailSink {
  readonly calls: ({ start: Position } | { records: readonly LogRecord[] } | { gap: Gap })[] = [];

  start(start: Position): void {
    this.calls.push({ start });
  }

  records(records: readonly LogRecord[]): void {
    this.calls.push({ records });
  }

  gap(gap: Gap): void {
    this.calls.push({ gap });
  }

  get received(): LogRecord[] {
    return this.calls.flatMap((call) => ('records' in call ? call.records : []));
  }

  get gaps(): Gap[] {
    return this.calls.flatMap((call) => ('gap' in call ? [call.gap] : []));
  }

  get numbers(): number[] {
    return numbersOf(this.received);
  }

  /** One start, and then records and gaps that follow on one another without a hole or an overlap. */
  expectContiguous(): void {
    const [first, ...rest] = this.calls;
    if (!first || !('start' in first)) throw new Error('the first call was not start');
    let at = first.start;
    for (const call of rest) {
      if ('start' in call) throw new Error('start was called twice');
      if ('gap' in call) {
        expect(call.gap.from).toEqual(at);
        at = call.gap.to;
        continue;
      }
      for (const { epoch, seq } of call.records) {
        expect({ epoch, seq }).toEqual({ epoch: at.epoch, seq: at.seq + 1 });
        at = { epoch, seq };
      }
    }
  }
}
