import { beforeEach, expect, test } from 'vitest';
import { Fanout } from '../../server/event-manager/hubs/fanout.ts';
import type { Batch, EncodeBody, FrameStyle, Sink } from '../../server/event-manager/hubs/hub.ts';
import type { Selector } from '../../server/event-manager/records/selector.ts';
import type { StreamRecord } from '../../server/event-manager/records/stream-record.ts';
import { nobody, noInstruments } from '../../server/telemetry/telemetry.ts';

const record = (seq: number, type = 'a'): StreamRecord => ({
  epoch: 'e',
  seq,
  cursor: `e:${seq}`,
  type,
  json: `"${seq}"`,
});

/** Calls, in order, of selectors, encoders, styles and sinks. */
let calls: string[];
let groups: number;
let delivered: number;
let fanout: Fanout;

beforeEach(() => {
  calls = [];
  groups = 0;
  delivered = 0;
  const instruments = {
    ...noInstruments,
    grouped: (change: number) => {
      groups += change;
    },
    delivered: (_: string, subscribers: number) => {
      delivered += subscribers;
    },
  };
  fanout = new Fanout('topic', { ...nobody, instruments });
});

const selecting = (type: string): Selector => ({
  key: type,
  wants: (each) => each === type,
  narrows: false,
  allMembers: false,
  matches(each) {
    calls.push(`match ${each.seq} for ${type}`);
    return each.type === type;
  },
});
const encode: EncodeBody = ({ seq, json }) => {
  calls.push(`encode ${seq}`);
  return Buffer.from(json);
};
const style = (name: string): FrameStyle => ({
  frame(bodies) {
    calls.push(`frame ${name}`);
    return Buffer.concat(bodies);
  },
});

/** A sink that notes what it gets. */
function sink(name: string, frames: FrameStyle | null, rest: Partial<Sink> = {}): Sink {
  return {
    name,
    group: frames ? encode : undefined,
    isFull: false,
    take(batch: Batch) {
      const got = frames
        ? batch.framesFor(encode, frames).toString()
        : batch.records.map(({ json }) => json).join('');
      calls.push(`${name} got ${got}`);
      return true;
    },
    overflow: (missed) => void calls.push(`${name} ${missed ? 'missed it' : 'is full'}`),
    ...rest,
  };
}

test('a batch is matched once for all sinks that select alike, encoded once, and framed once for each style', () => {
  const [one, two] = [style('1'), style('2')];
  const selector = selecting('a');
  fanout.join(selector, sink('x', one));
  fanout.join(selector, sink('y', two));
  fanout.join(selecting('a'), sink('z', one));
  fanout.join(selector, sink('iterator', null));
  fanout.handOut([record(1), record(2, 'b')]);
  expect(calls).toEqual([
    'match 1 for a',
    'match 2 for a',
    'encode 1',
    'frame 1',
    'x got "1"',
    'frame 2',
    'y got "1"',
    'z got "1"',
    'iterator got "1"',
  ]);
});

test('sinks are grouped by selection and encoding until the last has left', () => {
  const members = [sink('x', style('1')), sink('y', style('2')), sink('iterator', null)];
  for (const member of members) fanout.join(selecting('a'), member);
  expect(groups).toBe(1);
  const other = sink('z', style('1'));
  fanout.join(selecting('b'), other);
  expect(groups).toBe(2);
  fanout.leave(selecting('b'), other);
  fanout.leave(selecting('b'), other);
  for (const member of members) fanout.leave(selecting('a'), member);
  expect(groups).toBe(0);
  fanout.handOut([record(1)]);
  expect(calls).toEqual([]);
});

test('[D9] a full sink is handed nothing, and learns of it after all others; a sink that gets full keeps what it got', () => {
  const at = { at: Date.now() };
  const selector = selecting('a');
  fanout.join(selector, sink('full', null, { isFull: true }));
  fanout.join(selector, sink('filled', null, { take: () => false }));
  fanout.join(selector, sink('x', null));
  fanout.handOut([{ ...record(1), ...at }]);
  expect(calls).toEqual(['match 1 for a', 'x got "1"', 'filled is full', 'full missed it']);
  expect(delivered).toBe(2);
});

test('a sink that leaves during a batch gets nothing, and one that comes back then has passed it', () => {
  const [a, b] = [selecting('a'), selecting('b')];
  const second = sink('second', null);
  const take = () => {
    fanout.leave(b, second);
    fanout.join(b, second);
    return true;
  };
  fanout.join(a, sink('first', null, { take }));
  fanout.join(b, second);
  fanout.handOut([record(1, 'a'), record(2, 'b')]);
  expect(calls.filter((call) => call.includes('got'))).toEqual([]);
  fanout.handOut([record(3, 'b')]); // the control
  expect(calls).toContain('second got "3"');
});
