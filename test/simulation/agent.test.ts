import { describe, expect, test } from 'vitest';
import { type DeliveredItem, MemoryBroker } from '../../server/index.ts';
import { type EventName, sleep } from '../../shared/index.ts';
import { Agent } from '../../simulation/agent/agent.ts';
import { EventOutlet } from '../../simulation/agent/event-outlet.ts';
import { type Responder, ResponderError } from '../../simulation/agent/responder.ts';
import type { SimulationCatalog } from '../../simulation/catalog.ts';
import { settled } from '../support/turns.ts';
import { FakeClock } from './fake-clock.ts';
import { eventLog, managerOf, memoryLogger, only } from './stage.ts';

function setUp(respond: (clock: FakeClock) => Responder['respond']) {
  const clock = new FakeClock();
  const log = eventLog(clock.forOthers);
  const { logger, lines } = memoryLogger();
  const outlet = new EventOutlet({ manager: log.manager, clock });
  const responder = { respond: respond(clock) };
  const agent = new Agent({ id: 'shadow', type: 'Shadow', responder, events: outlet, clock, logger });
  const events = async () => {
    await outlet.settled();
    return log.events();
  };
  return { ...log, agent, clock, lines, events };
}

/** An embedded broker that takes 5 s to append to a text, and what it has done. */
function slowForAppends(clock: FakeClock) {
  const broker = new MemoryBroker();
  const done: string[] = [];
  const { open } = broker;
  const append = open.append.bind(open);
  open.append = async (...args) => {
    await sleep(clock, 5000);
    done.push('append');
    return append(...args);
  };
  return { broker, done };
}

/** Says words of four letters, one every 40 ms. */
const talker =
  (words: number) =>
  (clock: FakeClock): Responder['respond'] =>
    async function* () {
      for (let i = 0; i < words; i++) {
        await sleep(clock, 40);
        yield i === 0 ? 'joy!' : ' joy!';
      }
    };

describe('an agent', () => {
  test('broadcasts its message when it responds, with its sentiment and its turn', async () => {
    await using stage = setUp(talker(3));
    const { agent, clock } = stage;
    const heard = [{ from: 'self', to: 'shadow', text: 'Come as you are.' }];
    const answer = agent.respond({ to: 'self', heard, mode: 'emergency', stagnation: 0.7, turn: 9 });
    await clock.advance(120);
    const reply = await answer;
    expect(reply).toMatchObject({ text: 'joy! joy! joy!', latencyMs: 120, sentiment: { label: 'positive' } });
    const [message] = only(await stage.events(), 'agent_message');
    expect(message).toEqual({
      event_type: 'agent_message',
      timestamp: '2030-01-01T00:00:00.120Z',
      data: {
        agent_id: 'shadow',
        agent_type: 'Shadow',
        message: reply.text,
        sentiment: reply.sentiment,
        metadata: {
          to: 'self',
          mode: 'emergency',
          turn: 9,
          stagnation: 0.7,
          interaction_count: 1,
          has_memory: true,
          latency_ms: 120,
        },
      },
    });
  });

  test('streams its text as it is produced, up to ten times a second, then its message, then it is done', async () => {
    await using stage = setUp(talker(50));
    const items: DeliveredItem<EventName<SimulationCatalog>, SimulationCatalog>[1][] = [];
    const times: number[] = [];
    const follow = async (): Promise<void> => {
      for await (const [, item] of stage.manager.subscribe()) {
        items.push(item);
        if (item.event_type === 'stream_update') times.push(stage.clock.now());
      }
    };
    follow().catch(() => {}); // the manager is closed
    await settled();
    const answer = stage.agent.respond({ to: 'self' });
    await stage.clock.advance(2000);
    const { text } = await answer;
    await stage.clock.advance(200);
    const [, opening, ...rest] = items;
    expect(opening).toMatchObject({
      data: { to: 'self', turn: 1, text: '' },
      open: { kind: 'growing', state: 'open' },
    });
    const updates = rest.filter(({ event_type }) => event_type === 'stream_update');
    const [message, done, ...more] = rest.filter((item) => !updates.includes(item));
    expect(message).toMatchObject({
      event_type: 'agent_message',
      data: { message: text, metadata: { turn: 1, latency_ms: 2000 } },
    });
    expect(done).toBe(rest.at(-1));
    expect(done).toMatchObject({ data: { text }, open: { state: 'done' } });
    expect(more).toEqual([]);
    expect(updates.length).toBeGreaterThan(10);
    expect(updates.length).toBeLessThanOrEqual(21); // the last has what was left, and came at the end
    for (const [index, time] of times.slice(0, -1).entries())
      if (index > 0) expect(time - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(100);
    const pieces = updates.map(({ data }) => ('text' in data ? data.text : ''));
    expect(pieces.join('')).toBe(text);
    expect((await stage.events()).map(({ event_type }) => event_type)).toEqual([
      'agent_message',
      'agent_processing',
    ]);
  });

  test('does not wait for a slow append, and has one more at most wait behind it', async () => {
    const clock = new FakeClock();
    const { broker, done } = slowForAppends(clock);
    await using manager = managerOf(broker, clock.forOthers);
    manager.addListener(({ event_type, open }) => done.push(`${event_type} ${open?.state ?? 'whole'}`));
    const outlet = new EventOutlet({ manager, clock });
    const responder = { respond: talker(50)(clock) };
    const agent = new Agent({ id: 'ego', type: 'Ego', responder, events: outlet, clock });
    const answer = agent.respond({ to: 'self' });
    await clock.advance(2000);
    await answer;
    await settled();
    expect(done).toEqual(['agent_processing open', 'agent_message whole']);
    await clock.advance(10_000);
    expect(done.slice(2)).toEqual(['append', 'append', 'agent_processing done']);
  });

  test('reports and counts a failed answer with its reason, without internals', async () => {
    await using stage = setUp(
      () =>
        async function* () {
          yield 'I was about to';
          throw new Error('secret-token at /home/me');
        },
    );
    const failure = await stage.agent.respond({ to: 'self' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ResponderError);
    const events = await stage.events();
    expect(only(events, 'agent_message')).toEqual([]);
    expect(events.at(-1)).toMatchObject({
      data: { text: 'I was about to' },
      open: { state: 'aborted', reason: 'failed: Shadow could not answer.' },
    });
    expect(stage.agent.stats).toMatchObject({
      errors: 1,
      failing: true,
      interactions: 0,
      meanLatencyMs: null,
    });
    expect(stage.lines).toMatchObject([{ level: 'warn', fields: { agent: 'shadow', reason: 'failed' } }]);
  });

  test('treats an empty answer as a failure', async () => {
    await using stage = setUp(
      () =>
        async function* () {
          yield '  \n';
        },
    );
    await expect(stage.agent.respond({ to: 'self' })).rejects.toMatchObject({ reason: 'empty' });
  });

  test('ends at once when it is interrupted, even if the responder hangs, without counting an error', async () => {
    await using stage = setUp(() => () => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
    }));
    const stop = new AbortController();
    const answer = stage.agent.respond({ to: 'self', signal: stop.signal });
    stop.abort();
    await expect(answer).rejects.toMatchObject({ reason: 'cancelled' });
    const [cancelled] = await stage.events();
    expect(cancelled?.open).toMatchObject({ state: 'aborted', reason: 'cancelled: Shadow was interrupted.' });
    expect(stage.agent.stats.errors).toBe(0);
  });

  test('cuts an endless answer off at 2000 characters, and ends its responder', async () => {
    let ended = false;
    await using stage = setUp(
      () =>
        async function* () {
          try {
            for (;;) yield 'word '.repeat(10);
          } finally {
            ended = true;
          }
        },
    );
    const { text } = await stage.agent.respond({ to: 'self' });
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text.length).toBeGreaterThan(1990);
    expect(ended).toBe(true);
  });

  test('records latencies', async () => {
    await using stage = setUp(talker(2));
    for (let i = 0; i < 3; i++) {
      const answer = stage.agent.respond({ to: 'self' });
      await stage.clock.advance(80);
      await answer;
    }
    expect(stage.agent.stats).toEqual({
      interactions: 3,
      errors: 0,
      failing: false,
      lastLatencyMs: 80,
      meanLatencyMs: 80,
      maxLatencyMs: 80,
    });
  });
});
