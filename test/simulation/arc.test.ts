import { describe, expect, test, vi } from 'vitest';
import { ARCHETYPE_IDS, ARCHETYPES } from '../../simulation/archetypes.ts';
import { numbered, only, type SimulationEvent, stage } from './stage.ts';

/** All events of the first `seconds` of a run. */
async function firstSeconds(seconds: number, seed: number, speed = 1): Promise<SimulationEvent[]> {
  await using run = stage({ seed, speed });
  run.simulation.start();
  await run.clock.advance((seconds * 1000) / speed);
  return await run.events();
}

/** All events of the first two minutes, of a server whose own time, which open events have, is the simulation's to 0.1 s. */
async function twoMinutes(seed: number): Promise<SimulationEvent[]> {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    await using run = stage({ seed });
    run.simulation.start();
    for (let tenths = 0; tenths < 1200; tenths++) {
      vi.setSystemTime(run.clock.time());
      await run.clock.advance(100);
    }
    return numbered(await run.events());
  } finally {
    vi.useRealTimers();
  }
}

const secondsOf = ({ timestamp }: { timestamp: string }): number =>
  (Date.parse(timestamp) - Date.UTC(2030, 0, 1)) / 1000;

const switches = (events: SimulationEvent[]) =>
  only(events, 'network_update')
    .filter(({ data }) => data.event_type.startsWith('emergency_mode'))
    .map((event) => ({ at: secondsOf(event), what: event.data.event_type.replace('emergency_mode_', '') }));

const SEEDS = [1, 2, 3, 7, 42, 1234, 99_999, 0xffff_ffff];

describe('the arc of a run', () => {
  test.each(SEEDS)('has all five agents speak within 3 s of the start (seed %i)', async (seed) => {
    const messages = only(await firstSeconds(3, seed), 'agent_message');
    expect(new Set(messages.map(({ data }) => data.agent_id))).toEqual(new Set(ARCHETYPE_IDS));
    for (const { data } of messages)
      expect(ARCHETYPES[data.agent_id as keyof typeof ARCHETYPES].type).toBe(data.agent_type);
  });

  test.each(SEEDS)('has an emergency come and end within two minutes (seed %i)', async (seed) => {
    const events = await firstSeconds(120, seed);
    const [on, off] = switches(events);
    expect([on?.what, off?.what]).toEqual(['activated', 'deactivated']);
    expect((off?.at ?? 0) - (on?.at ?? 0)).toBeGreaterThanOrEqual(15);
    const states = only(events, 'simulation_state').map(({ data }) => data);
    const crossing = states.findIndex(({ stagnation }) => stagnation > 0.6);
    expect(states[crossing]?.mode).toBe('emergency');
    expect(Math.max(...states.slice(0, 12).map(({ stagnation }) => stagnation))).toBeLessThan(0.48);
    const emergencyMessages = only(events, 'agent_message').filter(
      ({ data }) => data.metadata['mode'] === 'emergency',
    );
    expect(emergencyMessages.length).toBeGreaterThanOrEqual(4);
  });

  test('repeats: five or more emergencies in ten minutes, each resolved, none out of a lively conversation', async () => {
    const events = await firstSeconds(600, 5);
    const what = switches(events).map((change) => change.what);
    expect(what.length).toBeGreaterThanOrEqual(10);
    expect(what.filter((_, index) => index % 2 === 0)).not.toContain('deactivated');
    const messages = only(events, 'agent_message').map(({ data }) => data.message);
    expect(new Set(messages).size / messages.length).toBeGreaterThan(0.85);
  });

  test('is the same for one seed: two runs export the same events', async () => {
    const [one, two] = [await twoMinutes(42), await twoMinutes(42)];
    expect(one.length).toBeGreaterThan(200);
    expect(two).toEqual(one); // times too: the clock is the same
    expect(switches(one).length).toBeGreaterThanOrEqual(2);
    expect(await twoMinutes(43)).not.toEqual(one);
  });

  test('happens faster or slower with the speed, and otherwise unchanged', async () => {
    const spoken = async (speed: number) =>
      (await firstSeconds(120, 42, speed))
        .filter(({ event_type }) => event_type === 'agent_message' || event_type === 'network_update')
        .map(({ event_type, data }) => {
          if (event_type !== 'agent_message') return data;
          const { latency_ms, ...metadata } = data.metadata;
          return { ...data, metadata };
        });
    const normal = await spoken(1);
    for (const speed of [0.25, 3, 10]) {
      const other = await spoken(speed);
      expect(other.length).toBeGreaterThan(normal.length - 3);
      const common = Math.min(other.length, normal.length);
      expect(other.slice(0, common)).toEqual(normal.slice(0, common));
    }
  });

  test('broadcasts every message with its network update on an open path, and the state after it', async () => {
    const events = await firstSeconds(120, 11);
    const messages = only(events, 'agent_message').map(({ data }) => data);
    const updates = only(events, 'network_update').map(({ data }) => data);
    const sent = updates.filter(({ event_type }) => event_type === 'message_sent');
    expect(sent.length).toBe(messages.length);
    for (const [index, { agent_id, metadata, sentiment }] of messages.entries()) {
      const details = sent[index]?.details;
      expect(details).toMatchObject({ from: agent_id, to: metadata['to'], sentiment: sentiment.score });
      const path = sent[index]?.connections.find(
        ({ from, to }) => from === details?.['from'] && to === details?.['to'],
      );
      expect(path?.is_active).toBe(true);
      expect(path?.strength).toBeGreaterThan(0);
    }
    const ticks = only(events, 'simulation_state').map(({ data }) => data.tick);
    expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
    expect(ticks.at(-1)).toBe(messages.length);
  });
});
