import { describe, expect, test } from 'vitest';
import { createAppRouter } from '../../server/index.ts';
import { simulationProcedures } from '../../simulation/control/simulation-procedures.ts';
import {
  ARCHETYPE_IDS,
  runSimulation,
  SimulationRegistry,
  simulationEvents,
} from '../../simulation/index.ts';
import { httpClient, startTestServer } from '../app/harness.ts';
import { FakeClock } from './fake-clock.ts';
import { numbered } from './stage.ts';

/** A server that runs a simulation on each topic, on a clock of its own: two minutes take a moment. */
async function serveSimulations(seeds: Readonly<Record<string, number>>) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const server = await startTestServer(
    {},
    {
      catalog: simulationEvents,
      clock: clock.forOthers,
      application: ({ manager }) => {
        const registry = new SimulationRegistry();
        const router = createAppRouter(manager, (procedure) => ({
          simulation: simulationProcedures(registry, procedure),
        }));
        const start = () => {
          for (const [topic, seed] of Object.entries(seeds))
            runSimulation({ manager, clock, registry, topic, seed, signal: stop.signal });
        };
        return { router, start, stop: () => stop.abort() };
      },
    },
  );
  return { clock, url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

interface Exported {
  event_type: string;
  timestamp: string;
  data: Record<string, unknown>;
  open?: { id: string } | undefined;
}

/** Everything a topic holds, as any client gets it over HTTP. */
async function exported(url: string, topic = 'default'): Promise<Exported[]> {
  const { history } = httpClient(url);
  const events: Exported[] = [];
  let since: string | { at: string } = { at: new Date(0).toISOString() };
  for (;;) {
    const page: Awaited<ReturnType<typeof history.query>> = await history.query({
      topic,
      since,
      limit: 1000,
    });
    events.push(...page.items.map(({ event }) => ({ ...event, data: { ...event.data } })));
    if (page.atEnd) return events;
    since = page.next;
  }
}

/** As a line each, without cursors, times and durations. */
function normalised(events: readonly Exported[]): string[] {
  const isTime = (key: string) => key === 'timestamp' || key === 'latency_ms';
  return numbered(events).map((event) =>
    JSON.stringify(event, (key, value) => (isTime(key) ? undefined : value)),
  );
}

const seconds = (event: Exported | undefined) =>
  (Date.parse(event?.timestamp ?? '') - Date.UTC(2030, 0, 1)) / 1000;

describe('a served simulation', () => {
  test('exports identical events for one seed over a whole arc, and others for another seed', async () => {
    const runs = [];
    for (const seed of [42, 42, 43]) {
      await using served = await serveSimulations({ default: seed });
      await served.clock.advance(120_000);
      runs.push(normalised(await exported(served.url)));
    }
    const [one, two, other] = runs;
    expect(one?.length).toBeGreaterThan(200);
    expect(two).toEqual(one);
    expect(other?.slice(0, 20)).not.toEqual(one?.slice(0, 20));
  });

  test('has all five agents speak within 3 s, and an emergency come and end within two minutes', async () => {
    await using served = await serveSimulations({ default: 1 });
    await served.clock.advance(120_000);
    const events = await exported(served.url);
    const early = events.filter((event) => event.event_type === 'agent_message' && seconds(event) <= 3);
    expect(new Set(early.map(({ data }) => data['agent_id']))).toEqual(new Set(ARCHETYPE_IDS));
    const change = (event_type: string) => events.find(({ data }) => data['event_type'] === event_type);
    const [begun, resolved] = [change('emergency_mode_activated'), change('emergency_mode_deactivated')];
    expect(seconds(begun)).toBeGreaterThan(20);
    expect(seconds(resolved)).toBeGreaterThan(seconds(begun));
    expect(seconds(resolved)).toBeLessThan(120);
  });

  test('runs beside others on topics of their own, and is what it would be alone', async () => {
    await using both = await serveSimulations({ default: 7, 'run-2': 8 });
    await using alone = await serveSimulations({ 'run-2': 8 });
    await both.clock.advance(60_000);
    await alone.clock.advance(60_000);
    const [first, second] = [await exported(both.url), await exported(both.url, 'run-2')];
    expect(normalised(second)).toEqual(normalised(await exported(alone.url, 'run-2')));
    expect(normalised(first)).not.toEqual(normalised(second));
  });
});
