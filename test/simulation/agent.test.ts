import { describe, expect, test } from 'vitest';
import { MemoryBroker } from '../../server/index.ts';
import { type LogEntry, type PublishResult, sleep } from '../../shared/index.ts';
import { Agent } from '../../simulation/agent/agent.ts';
import { EventOutlet } from '../../simulation/agent/event-outlet.ts';
import { type Responder, ResponderError } from '../../simulation/agent/responder.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { eventLog, managerOf, memoryLogger, only } from './stage.ts';

function setUp(respond: (clock: FakeClock) => Responder['respond']) {
  const log = eventLog();
  const clock = new FakeClock();
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

/** An embedded broker that takes 5 s to store an update. */
class SlowForUpdates extends MemoryBroker {
  /** Statuses and types, as they were stored. */
  readonly stored: string[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  override async publish(topic: string, entries: readonly LogEntry[]): Promise<PublishResult[]> {
    const what = entries.map(({ json, type }) => /"status":"(\w+)"/.exec(json)?.[1] ?? type);
    if (what.includes('update')) await sleep(this.#clock, 5000);
    this.stored.push(...what);
    return super.publish(topic, entries);
  }
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

  test('streams its text as it is produced, up to ten times a second, then its message, then complete', async () => {
    await using stage = setUp(talker(50));
    const answer = stage.agent.respond({ to: 'self' });
    await stage.clock.advance(2000);
    await answer;
    const events = await stage.events();
    expect(events.at(0)?.data).toMatchObject({ status: 'started', to: 'self', turn: 1 });
    expect(events.at(-2)?.event_type).toBe('agent_message');
    expect(events.at(-1)?.data).toMatchObject({ status: 'complete', latency_ms: 2000 });
    const updates = only(events, 'agent_processing').filter(({ data }) => data.status === 'update');
    expect(updates.length).toBeGreaterThan(10);
    expect(updates.length).toBeLessThanOrEqual(20);
    const times = updates.map(({ timestamp }) => Date.parse(timestamp));
    for (const [index, time] of times.entries())
      if (index > 0) expect(time - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(100);
    const texts = updates.map(({ data }) => ('text' in data ? data.text : ''));
    for (const text of texts) expect('joy! '.repeat(50)).toContain(text);
    expect(texts).toEqual(texts.toSorted((a, b) => a.length - b.length));
  });

  test('does not wait for a slow update, and has no second update wait behind it', async () => {
    const clock = new FakeClock();
    const broker = new SlowForUpdates(clock);
    await using manager = managerOf(broker);
    const outlet = new EventOutlet({ manager, clock });
    const responder = { respond: talker(50)(clock) };
    const agent = new Agent({ id: 'ego', type: 'Ego', responder, events: outlet, clock });
    const answer = agent.respond({ to: 'self' });
    await clock.advance(2000);
    await answer;
    await settled();
    expect(broker.stored).toEqual(['started', 'agent_message', 'complete']);
    await clock.advance(5000);
    expect(broker.stored.filter((what) => what === 'update')).toHaveLength(1);
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
    expect(events.at(-1)?.data).toMatchObject({
      status: 'error',
      reason: 'failed',
      message: 'Shadow could not answer.',
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
    expect((await stage.events()).at(-1)?.data).toMatchObject({ status: 'error', reason: 'cancelled' });
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
