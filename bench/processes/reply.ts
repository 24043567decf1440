import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient } from '../../client/index.ts';
import { COMPRESSION, type EventManager } from '../../server/index.ts';
import type { AnyCatalog } from '../../shared/index.ts';
import { systemClock } from '../../shared/timing.ts';
import { ByteCounter } from '../client/byte-counter.ts';
import { tokensOf } from '../events.ts';
import { expose } from '../harness/rpc.ts';
import { openCatalog } from '../peers/open.ts';
import { serveParts } from '../peers/ours.ts';

/** Options of a process that writes replies through Redis, and reads them. */
export interface ReplyOptions {
  readonly redisUrl: string;
  readonly redisPrefix: string;
}

/** Way in which a reply reaches its readers. */
export interface Reply {
  /**
   * `client`: token by token to a handle of our client, which joins them; `single`: each token is an append; `whole`: all
   * of the text so far is published, `updates` times; `complete`: it is published once, when it is finished.
   */
  readonly way: 'client' | 'single' | 'whole' | 'complete';
  readonly tokens: number;
  /** Tokens a second of `client`. */
  readonly perSecond?: number;
  readonly updates?: number;
}

/** Bytes that a reply cost. */
export interface ReplyCost {
  /** Bytes of the text itself. */
  readonly text: number;
  /** To one subscriber, from the opening to the settlement; and to one that takes compressed messages. */
  readonly wire: number;
  readonly deflated: number;
  /** Growth of the append-only file. */
  readonly appendOnly: number;
  /** All keys of the topic in memory, right before the end, and after it. */
  readonly before: number;
  readonly after: number;
  /** Updates that were sent. */
  readonly updates: number;
}

const { redisUrl, redisPrefix } = JSON.parse(process.argv[2] ?? '') as ReplyOptions;
const redis = new Redis(redisUrl);
/** Time is this much faster for the server, where each token is to be an append of its own: it joins those of 50 ms. */
const HASTE = 50;
const hasty = {
  ...systemClock,
  setTimer: (run: () => void, ms: number) => systemClock.setTimer(run, ms / HASTE),
};

async function serve(clock = systemClock): Promise<{ url: string; manager: EventManager<AnyCatalog> }> {
  let manager: EventManager<AnyCatalog> | undefined;
  const { url } = await serveParts(
    { redisUrl, redisPrefix },
    {
      catalog: openCatalog,
      clock,
      perMessageDeflate: COMPRESSION,
      publisher: async (made) => {
        manager = made;
        return () => {};
      },
    },
  );
  if (!manager) throw new TypeError('there is no manager');
  return { url, manager };
}

const ordinary = await serve();
const fast = await serve(hasty);
let runs = 0;

/** Sends a reply in its way, up to the moment before it ends. Returns what ends it. */
async function send(
  { way, tokens, perSecond = 100, updates = tokens }: Reply,
  topic: string,
): Promise<() => Promise<unknown>> {
  const pieces = tokensOf(tokens);
  const agent_id = 'agent_10';
  if (way === 'client') {
    const client = createClient({ url: ordinary.url, catalog: openCatalog });
    const reply = await client.begin('reply', { agent_id, text: '' }, { topic });
    const start = performance.now();
    for (const [index, piece] of pieces.entries()) {
      await delay(start + (index * 1000) / perSecond - performance.now());
      void reply.append(piece);
    }
    return async () => {
      await reply.done();
      await client.close();
    };
  }
  if (way === 'single') {
    const { opens } = fast.manager;
    const owner = {
      topic,
      by: undefined,
      ...(await opens.begin('reply', { agent_id, text: '' }, { topic })),
    };
    let at = 0;
    for (const text of pieces) {
      await opens.append({ ...owner, at, text });
      at += text.length;
      await delay(2);
    }
    return () => opens.settle({ ...owner, state: 'done' });
  }
  const count = way === 'complete' ? 1 : updates;
  const publish = (n: number): Promise<unknown> => {
    const text = pieces.slice(0, Math.ceil((n * tokens) / count)).join('');
    return ordinary.manager.publish('reply', { agent_id, text }, { topic });
  };
  for (let n = 1; n < count; n++) {
    await publish(n);
    if (n % 20 === 0) await delay(1);
  }
  return () => publish(count);
}

/** The size of the append-only file, once all is in it that was written. */
async function appendOnlyBytes(): Promise<number> {
  for (let before = -1; ; await delay(200)) {
    const [, size] = /aof_current_size:(\d+)/.exec(await redis.info('persistence')) ?? [];
    if (Number(size) === before) return before;
    before = Number(size);
  }
}

/** Bytes that Redis has of a topic. */
async function memoryBytes(topic: string): Promise<number> {
  const keys = await redis.keys(`${redisPrefix}:{${topic}}*`);
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
  return sizes.reduce<number>((sum, size) => sum + Number(size ?? 0), 0);
}

async function write(reply: Reply): Promise<ReplyCost> {
  const topic = `run-${runs++}`;
  using plain = new ByteCounter(ordinary.url, { topic });
  using deflated = new ByteCounter(ordinary.url, { topic }, true);
  await Promise.all([plain.ready(), deflated.ready()]);
  let updates = 0;
  const following = new AbortController();
  const subscription = ordinary.manager.subscribe({ topic, signal: following.signal });
  const counted = (async () => {
    for await (const [, { event_type }] of subscription) if (event_type === 'stream_update') updates++;
  })();
  const [fileBefore, memoryBefore] = [await appendOnlyBytes(), await memoryBytes(topic)];
  const end = await send(reply, topic);
  const before = (await memoryBytes(topic)) - memoryBefore;
  await end();
  const [wire, inflatable] = [await plain.quiet(), await deflated.quiet()];
  following.abort();
  await counted;
  return {
    text: Buffer.byteLength(tokensOf(reply.tokens).join('')),
    wire,
    deflated: inflatable,
    appendOnly: (await appendOnlyBytes()) - fileBefore,
    before,
    after: (await memoryBytes(topic)) - memoryBefore,
    updates: reply.way === 'whole' ? (reply.updates ?? reply.tokens) : updates,
  };
}

const commands = { write };

export type ReplyCommands = typeof commands;
expose(commands);
