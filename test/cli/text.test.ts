import { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { toText } from '../../cli/events/format.ts';
import { type Line, readLines } from '../../cli/events/read-lines.ts';
import { Surroundings } from '../../cli/surroundings.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

const timestamp = '2026-01-31T14:00:00.5+02:00';
const plain = (event_type: string, data: unknown) =>
  stripVTControlCharacters(toText({ event_type, timestamp, data }));

describe('an item is printed as a line for people', () => {
  test.each([
    ['agent_message', agentMessage('hello'), 'Shadow shadow +0.25: hello'],
    ['system_status', systemStatus(12.4), 'healthy: CPU 12 %, memory 20 %, 5 agents, 0 errors'],
    [
      'network_update',
      {
        connections: [{ from: 'a', to: 'b', strength: 1, is_active: true, type: 'emergency' }],
        communication_stats: {},
        event_type: 'emergency_on',
      },
      'emergency_on: 1 paths, 1 active, 1 emergency',
    ],
    ['stream_gap', { from: 'e:1', to: 'e:4', lost: 3, reason: 'trimmed' }, '3 events lost: trimmed'],
    [
      'stream_gap',
      { from: 'e:1', to: 'f:4', lost: null, reason: 'epoch_changed' },
      'an unknown number of events lost: epoch_changed',
    ],
    [
      'dream',
      { at: new Date(0), count: 2n ** 64n },
      '{"at":"1970-01-01T00:00:00.000Z","count":"18446744073709551616"}',
    ],
    ['stream_synced', { recovered: true, cursor: 'e:1' }, 'live from here'],
    ['of_another_catalog', { a: 1 }, '{"a":1}'],
    [
      'of_another_catalog',
      { at: new Date(0), seen: new Map([['tower', 2n ** 80n]]) },
      '{"at":"1970-01-01T00:00:00.000Z","seen":[["tower","1208925819614629174706176"]]}',
    ],
    ['agent_message', { of: 'another catalog' }, '{"of":"another catalog"}'],
  ])('%s', (event_type, data, text) => {
    expect(plain(event_type, data)).toBe(`12:00:00.500 ${event_type} ${text}`);
  });

  test('with who published it, where that is known', () => {
    const event = { event_type: 'agent_message', timestamp, data: agentMessage('hello') };
    expect(stripVTControlCharacters(toText({ ...event, by: 'alice\u001b[2J' }))).toBe(
      '12:00:00.500 agent_message by alice [2J Shadow shadow +0.25: hello',
    );
  });

  test('without control characters in a message, or in the name of an event, that could steer the terminal', () => {
    const line = toText({ event_type: 'agent_message', timestamp, data: agentMessage('a\u001b[2J\r\nb') });
    expect(line).toContain(': a [2J b');
    expect(line).not.toContain('\u001b[2J');
    expect(plain('a\u0007dream\u001b]0;mine\u0007', {})).toBe('12:00:00.500 a dream ]0;mine  {}');
  });
});

test('nothing of a record steers the terminal, where it is told beside the output or in an error', () => {
  const told: string[] = [];
  const stderr = new Writable({
    write(text, _, done) {
      told.push(String(text));
      done();
    },
  });
  const around = new Surroundings({ stdin: Readable.from([]), stdout: process.stdout, stderr });
  around.note('events cannot be read: dream\u001b[2J, version 1');
  around.explain(new Error('No \u001b]0;mine\u0007\n  here'));
  expect(told).toEqual([
    'psyche-events: events cannot be read: dream [2J, version 1\n',
    'psyche-events: No  ]0;mine  here\n',
  ]);
});

async function read(...pieces: (string | Buffer)[]): Promise<Line[][]> {
  const chunks: Line[][] = [];
  const input = (async function* () {
    for (const piece of pieces) yield Buffer.from(piece);
  })();
  for await (const lines of readLines(input)) chunks.push(lines);
  return chunks;
}

test('lines are reassembled from chunks and numbered, without the empty ones', async () => {
  expect(await read('on', 'e\n\ntwo\nth', 'ree')).toEqual([
    [],
    [
      { number: 1, text: 'one' },
      { number: 3, text: 'two' },
    ],
    [],
    [{ number: 4, text: 'three' }],
  ]);
});

test.each([
  ['a byte order mark', '\uFEFF["ä€😀"]\n[2]\n'],
  ['CRLF', '["ä€😀"]\r\n[2]\r\n'],
  ['both, blank lines, and no final line end', '\uFEFF\r\n["ä€😀"]\r\n\r\n[2]'],
])('files from Windows are read in chunks of any size: %s', async (_name, text) => {
  const bytes = Buffer.from(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    );
    const lines = (await read(...pieces)).flat();
    expect(lines.map((line) => JSON.parse(line.text))).toEqual([['ä€😀'], [2]]);
  }
});

test('another encoding is reported as such, not as invalid JSON', async () => {
  const powershell = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('{"a":1}\r\n', 'utf16le')]);
  await expect(read(powershell)).rejects.toThrow(/UTF-16.*utf8/);
  await expect(read(Buffer.from('{"a":1}', 'utf16le'))).rejects.toThrow(/UTF-16/);
  await expect(read('[1]\n', Buffer.from('["\xe4"]\n', 'latin1'))).rejects.toThrow(
    /not UTF-8, from line 2 on/,
  );
});

test('a line longer than any server accepts is refused before its end', async () => {
  const piece = 'x'.repeat(1024 * 1024);
  await expect(read('[1]\n', ...Array.from({ length: 6 }, () => piece))).rejects.toThrow(/Line 2 is longer/);
});
