import { setTimeout as sleep } from 'node:timers/promises';
import * as provider from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import * as ai6 from 'ai-6';
import * as provider2 from 'openai-compatible-2';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PIECE_INTERVAL_MS } from '../../simulation/agent/processing-report.ts';
import type { ResponseRequest } from '../../simulation/agent/responder.ts';
import { type LlmOptions, responderOf } from '../../simulation/llm/llm-responder.ts';
import { responderFromEnv } from '../../simulation/llm/responder-from-env.ts';
import { createRandom } from '../../simulation/random.ts';
import { runSimulation } from '../../simulation/run-simulation.ts';
import { FakeClock } from './fake-clock.ts';
import { type Behaviour, llmServer } from './llm-server.ts';
import { eventLog, memoryLogger, only } from './stage.ts';

const request = (more: Partial<ResponseRequest> = {}): ResponseRequest => ({
  from: 'shadow',
  to: 'persona',
  mode: 'normal',
  stagnation: 0,
  heard: [],
  stimulus: null,
  paceMs: 2500,
  signal: new AbortController().signal,
  ...more,
});

/** The responder with each version of the AI SDK. */
const VERSIONS = {
  7: (options: LlmOptions) => responderOf({ ai, provider }, options),
  6: (options: LlmOptions) => responderOf({ ai: ai6, provider: provider2 }, options),
};

/** A responder that speaks through an endpoint, and its clock. */
async function startResponder(respond: (typeof VERSIONS)[7], behave: Behaviour, more: { apiKey?: string }) {
  const server = await llmServer(behave);
  const clock = new FakeClock();
  const { baseUrl } = server;
  const factory = respond({ baseUrl, model: 'tiny', clock, timeoutMs: 5000, ...more });
  const responder = factory({ random: createRandom(1), clock });
  return { ...server, clock, responder };
}

async function collect(chunks: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

describe.each([7, 6] as const)('a language model, by version %i of the AI SDK,', (version) => {
  const setUp = (behave: Behaviour, more: { apiKey?: string } = {}) =>
    startResponder(VERSIONS[version], behave, more);
  const warned: unknown[][] = [];
  const noted = (warning: Error): void => void warned.push([warning]);
  beforeEach(() => {
    warned.length = 0;
    vi.spyOn(console, 'warn').mockImplementation((...words) => void warned.push(words));
    process.on('warning', noted);
  });
  afterEach(async () => {
    await new Promise(setImmediate); // Node warns in a turn of its own
    process.off('warning', noted);
    vi.restoreAllMocks();
    expect(warned).toEqual([]);
  });

  test('streams its words, and is told who speaks to whom and what was said', async () => {
    await using llm = await setUp(
      ({ say, end }) => {
        say('You left ');
        say('the light on.');
        end();
      },
      { apiKey: 'key-1' },
    );
    const heard = [{ from: 'persona', to: 'shadow', text: 'Everything is perfectly all right.' }];
    const chunks = await collect(llm.responder.respond(request({ heard, stimulus: 'Who is there?' })));
    expect(chunks).toEqual(['You left ', 'the light on.']);
    const [received] = llm.received;
    expect(received).toMatchObject({
      path: '/v1/chat/completions',
      authorization: 'Bearer key-1',
      body: { model: 'tiny', stream: true },
    });
    const [system, user] = received?.body.messages ?? [];
    expect(system?.content).toContain('You are the Shadow');
    expect(system?.content).not.toContain('breaks open');
    expect(user?.content).toContain('Persona to Shadow: Everything is perfectly all right.');
    expect(user?.content).toContain('Who is there?');
  });

  test('is told of an emergency, and gets no key where none is set', async () => {
    await using llm = await setUp(({ say, end }) => {
      say('Enough.');
      end();
    });
    await collect(llm.responder.respond(request({ mode: 'emergency' })));
    expect(llm.received[0]?.authorization).toBeUndefined();
    expect(llm.received[0]?.body.messages[0]?.content).toContain('breaks open');
  });

  test('has its thinking left out of the message', async () => {
    await using llm = await setUp(({ say, end }) => {
      say('<think>I should be blunt.</think>');
      say('Open the door.');
      end();
    });
    const text = (await collect(llm.responder.respond(request()))).join('').trim();
    expect(text).toBe('Open the door.');
  });

  test('has each piece delivered before the next is produced', async () => {
    let goOn = (): void => {};
    await using llm = await setUp(async ({ say, end }) => {
      say('One ');
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      say('two.');
      end();
    });
    const chunks = llm.responder.respond(request())[Symbol.asyncIterator]();
    expect(await chunks.next()).toEqual({ value: 'One ', done: false });
    goOn();
    expect(await chunks.next()).toEqual({ value: 'two.', done: false });
    expect((await chunks.next()).done).toBe(true);
  });

  test('is unreachable when nobody listens at its address', async () => {
    const llm = await setUp(() => {});
    await llm[Symbol.asyncDispose]();
    await expect(collect(llm.responder.respond(request()))).rejects.toMatchObject({
      reason: 'unreachable',
      message: `The model at ${llm.origin} cannot be reached.`,
    });
  });

  test.each([
    [401, 'refused'],
    [404, 'refused'],
    [429, 'refused'],
    [500, 'failed'],
  ])('that answers %i is %s, and its answer is hidden from viewers', async (status, reason) => {
    await using llm = await setUp(({ fail }) => fail(status, 'internal detail 4711'));
    const error: unknown = await collect(llm.responder.respond(request())).catch((thrown: unknown) => thrown);
    const what = reason === 'refused' ? 'refused the request' : 'failed';
    expect(error).toMatchObject({ reason, message: `The model at ${llm.origin} ${what} (${status}).` });
    expect(llm.received).toHaveLength(1);
  });

  test('has failed when its answer breaks off in the middle', async () => {
    await using llm = await setUp(async ({ say, cut }) => {
      say('You left ');
      await new Promise((resolve) => setImmediate(resolve));
      cut();
    });
    await expect(collect(llm.responder.respond(request()))).rejects.toMatchObject({
      reason: 'failed',
      message: `The answer of tiny at ${llm.origin} broke off.`,
    });
  });

  test('times out when it is silent for too long, and its request is aborted', async () => {
    await using llm = await setUp(() => {});
    const answer = collect(llm.responder.respond(request()));
    const outcome = expect(answer).rejects.toMatchObject({
      reason: 'timeout',
      message: `tiny at ${llm.origin} said nothing for 5 s.`,
    });
    await expect.poll(() => llm.received.length).toBe(1);
    await llm.clock.advance(4999);
    expect(llm.clock.timers).toBe(1);
    await llm.clock.advance(1);
    await outcome;
    await expect.poll(() => llm.received[0]?.closedEarly).toBe(true);
    expect(llm.clock.timers).toBe(0);
  });

  test('has its request aborted when its answer is no longer wanted', async () => {
    await using llm = await setUp(({ say }) => say('I could go on '));
    const stop = new AbortController();
    const chunks = llm.responder.respond(request({ signal: stop.signal }))[Symbol.asyncIterator]();
    await chunks.next();
    stop.abort();
    await chunks.next().catch(() => {});
    await expect.poll(() => llm.received[0]?.closedEarly).toBe(true);
  });
});

describe('a simulation that speaks through a language model', () => {
  test.each([7, 6] as const)(
    'has each token grow its event at once, by version %i of the AI SDK',
    async (version) => {
      const tokens = ['I', ' have', ' kept', ' your', ' place.'];
      let heard = (): void => {};
      let asked = 0;
      await using server = await llmServer(async ({ say, end }) => {
        if (asked++ > 0) return; // one answer is enough
        for (const token of tokens) {
          const arrived = new Promise<void>((resolve) => {
            heard = resolve;
          });
          say(token);
          await arrived; // no token is said before a subscriber has the one before
          await sleep(PIECE_INTERVAL_MS + 20); // one that follows earlier is told with the next
        }
        end();
      });
      await using log = eventLog();
      const responder = VERSIONS[version]({ baseUrl: server.baseUrl, model: 'tiny' });
      const items = log.manager.subscribe({ types: ['agent_processing'] });
      const simulation = runSimulation({ manager: log.manager, responder, speed: 10 });
      const pieces: string[] = [];
      let whole = '';
      for await (const [, item] of items) {
        if (item.event_type === 'stream_update' && 'text' in item.data) {
          pieces.push(item.data.text);
          heard();
        } else if (item.event_type === 'agent_processing' && item.open?.state === 'done') {
          whole = item.data.text;
          break;
        }
      }
      await simulation.close();
      expect(pieces).toEqual(tokens);
      expect(whole).toBe(tokens.join(''));
    },
  );

  test('streams its answers as events, and survives a lost endpoint, which is an event too', {
    timeout: 90_000,
  }, async () => {
    const server = await llmServer(async ({ say, end }) => {
      for (const word of ['I ', 'have ', 'kept ', 'your ', 'place.']) {
        say(word);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      end();
    });
    await using log = eventLog();
    const { logger, lines } = memoryLogger();
    const responder = await responderFromEnv({ LLM_BASE_URL: server.baseUrl, LLM_MODEL: 'tiny' });
    const pieces: string[] = [];
    const follow = async (): Promise<void> => {
      for await (const [, item] of log.manager.subscribe({ types: ['agent_processing'] }))
        if (item.event_type === 'stream_update' && 'text' in item.data) pieces.push(item.data.text);
    };
    follow().catch(() => {}); // the manager is closed
    const simulation = runSimulation({ manager: log.manager, responder, logger, speed: 10 });
    const processing = async () => only(await log.events(), 'agent_processing');
    const messages = async () => only(await log.events(), 'agent_message').map(({ data }) => data.message);
    await expect.poll(async () => (await messages()).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
    expect(new Set(await messages())).toEqual(new Set(['I have kept your place.']));
    const grown = (await processing()).filter(({ open }) => open?.state === 'done');
    expect(grown.length).toBeGreaterThanOrEqual(3);
    expect(new Set(grown.map(({ data }) => data.text))).toEqual(new Set(['I have kept your place.']));
    expect(pieces.length).toBeGreaterThanOrEqual(4);

    await server[Symbol.asyncDispose]();
    await expect
      .poll(async () => (await processing()).filter(({ open }) => open?.state === 'aborted').length, {
        timeout: 30_000,
      })
      .toBeGreaterThanOrEqual(2);
    const failed = (await processing()).findLast(({ open }) => open?.state === 'aborted');
    expect(failed?.open?.reason).toBe(`unreachable: The model at ${server.origin} cannot be reached.`);
    expect(simulation.errorCount).toBeGreaterThanOrEqual(2);
    expect(lines[0]).toMatchObject({ level: 'warn', message: 'An agent could not answer' });
    await simulation.close();
  });
});
