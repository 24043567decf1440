import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import superjson from 'superjson';
import { expect, inject, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { AppRouter } from '../../server/index.ts';
import { serve } from '../cli/command.ts';
import { bundle } from '../setup/bundle.ts';

const EVENTS = 300;
const run = promisify(execFile);

/** A stock tRPC client that follows a server, and whose sockets the test can kill. */
class Follower {
  readonly messages: number[] = [];
  readonly gaps: unknown[] = [];
  readonly #sockets: WebSocket[] = [];
  readonly #client: ReturnType<typeof createWSClient>;
  live = false;

  constructor(url: string) {
    const sockets = this.#sockets;
    class Socket extends WebSocket {
      constructor(address: string | URL) {
        super(address);
        sockets.push(this);
      }
    }
    this.#client = createWSClient({ url, WebSocket: Socket as never, retryDelayMs: () => 20 });
    const trpc = createTRPCClient<AppRouter>({
      links: [wsLink({ client: this.#client, transformer: superjson })],
    });
    trpc.on.agent_message.subscribe(undefined, {
      onData: ({ data }) => {
        if (data.event_type === 'agent_message') this.messages.push(Number(data.data.message));
        if (data.event_type === 'stream_gap') this.gaps.push(data.data);
        if (data.event_type === 'stream_synced') this.live = true;
      },
    });
  }

  get connections(): number {
    return this.#sockets.length;
  }

  /** Kills its socket, and waits until it has another: a socket that is dead already cannot be killed. */
  async killSocket(): Promise<void> {
    const { connections } = this;
    this.#sockets.at(-1)?.terminate();
    await expect.poll(() => this.connections).toBeGreaterThan(connections);
    await expect.poll(() => this.#sockets.at(-1)?.readyState).toBe(WebSocket.OPEN);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

test(`[D4] [D12] ${EVENTS} events that a stock client publishes to one of two nodes reach every subscriber of either in order and once, even those whose sockets are killed`, {
  timeout: 60_000,
}, async () => {
  const env = { REDIS_PREFIX: `nodes-${randomUUID()}` };
  await using first = await serve(['--redis', inject('redisUrl')], env);
  await using second = await serve(['--redis', inject('redisUrl')], env);
  const urls = [first, second].map(({ url }) => `${url.replace('http', 'ws')}/trpc`);
  const followers = [...urls, ...urls].map((url) => new Follower(url));
  onTestFinished(async () => void (await Promise.all(followers.map((follower) => follower.close()))));
  await expect.poll(() => followers.every(({ live }) => live)).toBe(true);

  const victims = followers.slice(2);
  const publishing = run(process.execPath, [
    bundle(join(import.meta.dirname, 'publisher.ts')),
    urls[0] ?? '',
    String(EVENTS),
  ]);
  publishing.catch(() => {}); // it is awaited below
  onTestFinished(() => void publishing.child.kill()); // a publisher without a server tries for ever
  for (const share of [0.25, 0.5, 0.75]) {
    await expect
      .poll(() => victims.every(({ messages }) => messages.length >= EVENTS * share), {
        timeout: 20_000,
        interval: 5,
      })
      .toBe(true);
    await Promise.all(victims.map((victim) => victim.killSocket()));
  }
  await publishing;

  const all = Array.from({ length: EVENTS }, (_, n) => n + 1);
  for (const follower of followers) {
    await expect.poll(() => follower.messages.length).toBeGreaterThanOrEqual(EVENTS);
    expect(follower.messages).toEqual(all);
    expect(follower.gaps).toEqual([]);
  }
  expect(victims.map(({ connections }) => connections)).toEqual([4, 4]);
});
