import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Gap } from '../../dashboard/events.ts';
import { ARCHETYPE_IDS, NORMAL_PATHS, nameOf } from '../../dashboard/model/archetypes.ts';
import { feedItems } from '../../dashboard/model/feed-items.ts';
import { type Filters, readFilters, writeFilters } from '../../dashboard/model/filters.ts';
import { createLogReader, LONGEST_SILENCE_MS } from '../../dashboard/model/log.ts';
import { sceneAt } from '../../dashboard/model/scene.ts';
import { readSchema, type SchemaDocument } from '../../dashboard/model/schema.ts';
import { advance, placeAt, placeOfMessage } from '../../dashboard/state/moment/playback.ts';
import { toJsonSchema } from '../../server/index.ts';
import { ARCHETYPES, ARCHETYPE_IDS as IDS, PSYCHE_PATHS, simulationEvents } from '../../simulation/index.ts';
import { state } from './events.ts';
import { clocks, message, rows, START, snapshot } from './snapshots.ts';

const NO_FILTERS: Filters = { agents: [], types: [], sentiment: null, text: '', field: null };

describe('the log', () => {
  test('is the same as long as nothing happens, or the page would be drawn for nothing', () => {
    const read = createLogReader();
    const same = snapshot([message(1, 1000)]);
    const log = read(same);
    expect(read(same)).toBe(log);
    expect(read(snapshot([message(1, 1000)]))).not.toBe(log);
  });

  test('keeps its rows while events are added, dropped and loaded from before', () => {
    const read = createLogReader();
    const events = [1, 2, 3, 4, 5, 6].map((seq) => message(seq, seq * 1000));
    const first = read(snapshot(events.slice(2, 4)));
    expect([rows(first), clocks(first)]).toEqual([
      [0, 1],
      [0, 1000],
    ]);
    const more = read(snapshot(events.slice(3, 6)));
    expect([rows(more), clocks(more)]).toEqual([
      [1, 2, 3],
      [1000, 2000, 3000],
    ]);
    expect(more.entries[0]).toBe(first.entries[1]);
    const older = read(snapshot(events.slice(0, 6)));
    expect([rows(older), clocks(older)]).toEqual([
      [-2, -1, 0, 1, 2, 3],
      [-2000, -1000, 0, 1000, 2000, 3000],
    ]);
  });

  test('has a clock that skips long silences and never goes back, whatever the publishers’ clocks say', () => {
    const read = createLogReader();
    const year = 365 * 86_400_000;
    const log = read(snapshot([message(1, 0), message(2, year), message(3, 1000), message(4, 1500)]));
    expect(clocks(log)).toEqual([0, LONGEST_SILENCE_MS, LONGEST_SILENCE_MS, LONGEST_SILENCE_MS + 500]);
  });

  test('[V7] lets go of erased events in its midst, and the others keep their rows', () => {
    const read = createLogReader();
    const events = [1, 2, 3, 4, 5, 6].map((seq) => message(seq, seq * 1000));
    const [first, , third, fourth, , sixth] = events;
    read(snapshot(events.slice(0, 5)));
    const gap: Gap = { from: 'a:1', to: 'a:2', lost: 1, reason: 'erased' };
    const left = [first, third, fourth, sixth].flatMap((event) => event ?? []);
    const log = read(snapshot(left, [gap, { ...gap }]));
    expect(log.entries.map(({ event }) => event)).toEqual(left);
    expect([rows(log), clocks(log)]).toEqual([
      [0, 2, 3, 5],
      [0, 2000, 3000, 5000],
    ]);
    expect(log.byType.agent_message).toEqual(log.entries);
    expect(log.gaps).toEqual([{ gap, row: 0 }]);
    const rest = read(snapshot(left.slice(1, 3)));
    expect(rest.entries.map(({ event }) => event)).toEqual(left.slice(1, 3));
    expect(rows(rest)).toEqual([2, 3]);
  });

  test('keeps a gap right after the event at which it begins', () => {
    const read = createLogReader();
    const gap: Gap = { from: 'a:2', to: 'b:0', lost: null, reason: 'epoch_changed' };
    const next: Gap = { from: 'b:0', to: 'b:4', lost: 4, reason: 'trimmed' };
    const before = [message(1, 0), message(2, 1000)];
    read(snapshot(before));
    const log = read(snapshot([...before, message(5, 2000, 'b')], [gap, next]));
    const kinds = feedItems(sceneAt(log, Number.POSITIVE_INFINITY), log.gaps, NO_FILTERS).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['message', 'message', 'gap', 'gap', 'message']);
    const later = read(snapshot([message(5, 2000, 'b'), message(6, 3000, 'b')].slice(1), [gap, next]));
    expect(later.gaps).toEqual([]);
  });
});

describe('a scene', () => {
  const read = createLogReader();
  const turn = { agent_id: 'ego', agent_type: 'Ego', to: 'self', turn: 1 };
  const at = (ms: number) => ({ timestamp: new Date(START + ms).toISOString() });
  const log = read(
    snapshot([
      message(1, 0),
      { event_type: 'simulation_state', data: state(0.2), cursor: 'a:2', ...at(0) },
      // As a log of version 1 is read.
      {
        event_type: 'agent_processing',
        data: { ...turn, text: '', was: { status: 'started' } },
        cursor: 'a:3',
        ...at(100),
      },
      {
        event_type: 'agent_processing',
        data: { ...turn, text: 'So', was: { status: 'update' } },
        cursor: 'a:4',
        ...at(200),
      },
      message(5, 300),
      {
        event_type: 'agent_processing',
        data: { ...turn, text: '', was: { status: 'complete', latency_ms: 200 } },
        cursor: 'a:6',
        ...at(300),
      },
      { event_type: 'simulation_state', data: state(0.7), cursor: 'a:7', ...at(400) },
    ]),
  );

  test('knows what was known at its row, and nothing later', () => {
    const scene = sceneAt(log, 3);
    expect(scene.messages.map(({ event }) => event.cursor)).toEqual(['a:1']);
    expect(scene.speaking).toEqual([{ agent: 'ego', name: 'Ego', to: 'self', turn: 1, text: 'So' }]);
    expect([scene.stagnation, scene.mode]).toEqual([0.2, 'normal']);
    const end = sceneAt(log, 6);
    expect(end.speaking).toEqual([]);
    expect([end.stagnation, end.mode]).toEqual([0.7, 'emergency']);
  });

  test('moves by time and by message during playback, and ends live', () => {
    expect(placeAt(log, 250)?.row).toBe(3);
    expect(placeAt(log, -1)).toEqual({ row: 1, clock: 0 });
    expect(placeOfMessage(log, 6, -1)?.row).toBe(0);
    expect(placeOfMessage(log, 0, 1)?.row).toBe(4);
    expect(placeOfMessage(log, 4, 1)).toBeNull();
    const replay = { place: { row: 0, clock: 0 }, playing: true, rate: 2 };
    expect(advance(replay, log, 100).place).toEqual({ row: 3, clock: 200 });
    expect(advance(replay, log, 200).place).toBeNull();
  });
});

test('filters survive being written to the address and read from it', () => {
  const filters: Filters = {
    agents: ['shadow', 'ego'],
    types: ['agent_message', 'system_status'],
    sentiment: 'negative',
    text: 'a,b & c',
    field: { path: 'sentiment.score', operator: 'lt', value: '-0.5~' },
  };
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(writeFilters(filters)))
    if (value !== null) params.set(key, value);
  expect(readFilters(new URLSearchParams(params.toString()))).toEqual(filters);
  expect(readFilters(new URLSearchParams('sentiment=odd&where=score~nonsense~1'))).toEqual(NO_FILTERS);
});

test('the archetypes, paths and colours of the page are those of the simulation', () => {
  expect(ARCHETYPE_IDS).toEqual([...IDS]);
  expect(ARCHETYPE_IDS.map(nameOf)).toEqual(IDS.map((id) => ARCHETYPES[id].type));
  const normal = PSYCHE_PATHS.filter(({ type }) => type === 'normal').map(({ from, to }) => `${from} ${to}`);
  expect(NORMAL_PATHS.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]).sort()).toEqual(normal.sort());
  const tokens = readFileSync(join(import.meta.dirname, '../../dashboard/styles/tokens.css'), 'utf8');
  for (const id of IDS) expect(tokens).toContain(`--${id}: light-dark(${ARCHETYPES[id].color},`);
});

test('the page draws every event of the simulation by the content of its schema', () => {
  const document = toJsonSchema(simulationEvents) as unknown as SchemaDocument;
  expect([...readSchema(document).drawn]).toEqual([...simulationEvents.names]);
});
