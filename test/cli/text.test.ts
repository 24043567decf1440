import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { toText } from '../../cli/format.ts';
import { readLines } from '../../cli/read-lines.ts';
import { agentMessage, systemStatus } from '../support/events.ts';

const timestamp = '2026-01-31T14:00:00.5+02:00';
const plain = (event_type: string, data: unknown) =>
  stripVTControlCharacters(toText({ event_type, timestamp, data }));

describe('an item as a line for people', () => {
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
    ['stream_synced', { recovered: true, cursor: 'e:1' }, 'live from here'],
    ['of_another_catalog', { a: 1 }, '{"a":1}'],
    ['agent_message', { of: 'another catalog' }, '{"of":"another catalog"}'],
  ])('%s', (event_type, data, text) => {
    expect(plain(event_type, data)).toBe(`12:00:00.500 ${event_type} ${text}`);
  });

  test('what an agent writes cannot steer the terminal', () => {
    const line = toText({ event_type: 'agent_message', timestamp, data: agentMessage('a\u001b[2J\r\nb') });
    expect(line).toContain(': a [2J b');
    expect(line).not.toContain('\u001b[2J');
  });
});

test('lines are put together again from pieces, numbered, without the empty ones', async () => {
  async function* pieces() {
    yield 'on';
    yield 'e\n\ntwo\nth';
    yield 'ree';
  }
  const chunks: unknown[] = [];
  for await (const lines of readLines(pieces())) chunks.push(lines);
  expect(chunks).toEqual([
    [],
    [
      { number: 1, text: 'one' },
      { number: 3, text: 'two' },
    ],
    [],
    [{ number: 4, text: 'three' }],
  ]);
});
