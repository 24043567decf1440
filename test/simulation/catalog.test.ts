import { describe, expect, test } from 'vitest';
import { MemoryBroker } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { simulationEvents } from '../../simulation/catalog.ts';
import { createRandom } from '../../simulation/random.ts';
import { managerOf } from './stage.ts';

const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 3 };
const state = {
  status: 'running',
  seed: 1,
  speed: 1,
  tick: 0,
  mode: 'normal',
  stagnation: 0,
  stimulus: null,
};

describe('catalog', () => {
  test('has the guide’s three events unchanged and four more, all of them plain JSON', () => {
    expect(simulationEvents.names).toEqual([
      ...psycheEvents.names,
      'agent_processing',
      'simulation_state',
      'agent_question',
      'viewer',
    ]);
    for (const name of psycheEvents.names)
      expect(simulationEvents.schemas[name as keyof typeof simulationEvents.schemas]).toBe(
        psycheEvents.schemas[name as keyof typeof psycheEvents.schemas],
      );
    for (const name of simulationEvents.names) expect(simulationEvents.isPlainJson(name), name).toBe(true);
  });

  test.each([
    { status: 'started' },
    { status: 'update', text: 'So far' },
    { status: 'complete', latency_ms: 12 },
    { status: 'error', reason: 'unreachable', message: 'The model cannot be reached.' },
  ])('reads agent_processing of version 1: $status', (what) => {
    const first = simulationEvents.schemaOf('agent_processing', 1)?.parse({ ...turn, ...what });
    expect(first).toEqual({ ...turn, ...what });
    const { text = '', ...was } = { ...what };
    expect(simulationEvents.upcast('agent_processing', 1, first)).toEqual({ ...turn, text, was });
  });

  test.each([
    { status: 'update' },
    { status: 'started', text: 'too early' },
    { status: 'error', reason: 'tired', message: '' },
  ])('has no agent_processing of version 1: %j', (what) => {
    expect(simulationEvents.schemaOf('agent_processing', 1)?.safeParse({ ...turn, ...what }).success).toBe(
      false,
    );
  });

  test.each([
    ['agent_processing', turn],
    ['agent_processing', { ...turn, text: 'So far', status: 'update' }],
    ['agent_processing', { ...turn, text: '', was: { status: 'error', reason: 'tired', message: '' } }],
    ['agent_question', { agent_id: 'ego', question: 'Well?', choices: ['only one'] }],
    ['viewer', { name: ' ' }],
    ['simulation_state', { ...state, status: 'stopped' }],
    ['simulation_state', { ...state, stagnation: 1.1 }],
    ['simulation_state', { ...state, speed: Number.NaN }],
  ] as const)('refuses an invalid %s: %j', (name, data) => {
    expect(simulationEvents.parse('simulation_state', state)).toEqual(state);
    expect(() => simulationEvents.parse(name, data)).toThrow(`Invalid ${name}`);
  });
});

test('a log of version 1 is read: each part of an answer is a complete event that says which part it was', async () => {
  const broker = new MemoryBroker();
  await using manager = managerOf(broker);
  const parts = [
    { status: 'started' },
    { status: 'update', text: 'So far' },
    { status: 'complete', latency_ms: 12 },
  ];
  await broker.publish(
    'default',
    parts.map((part) => ({
      type: 'agent_processing',
      id: part.status,
      json: JSON.stringify({
        event_type: 'agent_processing',
        timestamp: '2026-01-01T00:00:00.000Z',
        data: { ...turn, ...part },
      }),
    })),
  );
  const { items, gaps } = await manager.history({ since: { at: new Date(0).toISOString() } });
  expect(gaps).toEqual([]);
  expect(items.map(({ event }) => [event.open, event.data])).toEqual([
    [undefined, { ...turn, text: '', was: { status: 'started' } }],
    [undefined, { ...turn, text: 'So far', was: { status: 'update' } }],
    [undefined, { ...turn, text: '', was: { status: 'complete', latency_ms: 12 } }],
  ]);
});

describe('random', () => {
  const draw = (seed: number, stream?: number) => {
    const random = createRandom(seed, stream);
    return Array.from({ length: 20 }, () => random.int(0, 1_000_000));
  };

  test('gives one sequence for a seed, and another for another seed or stream', () => {
    expect(draw(7)).toEqual(draw(7));
    const sequences = [draw(0), draw(1), draw(0xffff_ffff), draw(0, 1), draw(1, 1)];
    expect(new Set(sequences.map(String)).size).toBe(sequences.length);
  });

  test('shuffles all elements, and refuses to pick from an empty list', () => {
    const random = createRandom(1);
    expect(random.shuffle([1, 2, 3, 4, 5]).toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(() => random.pick([])).toThrow(TypeError);
  });
});
