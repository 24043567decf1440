import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type EventsClient } from '../../client/index.ts';
import { bundle } from '../setup/bundle.ts';
import { agentMessage } from '../support/events.ts';
import type { ChurnServerOptions, Holdings } from './churn-server.ts';

/** Topics that are in use at a time; after a while others are. */
const TOPICS = 30;
const TOPICS_CHANGE_MS = 2_000;
/** After so many changes they come back, expired meanwhile: a server remembers the last 10,000 topics, which is no leak. */
const GENERATIONS = 20;

export interface ChurnOptions extends ChurnServerOptions {
  seconds: number;
  /** Seconds that the rest of it may take to go. Default 20. */
  leaveSeconds?: number;
  /** Clients at a time. */
  clients: number;
  publishers: number;
}

export interface ChurnResult {
  /** Before the first client. */
  readonly empty: Holdings;
  /** At even distances, the first after a fifth of the time: by then code is compiled and caches are full. */
  readonly samples: readonly Holdings[];
  /** Some time after the last client left. */
  readonly left: Holdings;
  readonly connects: number;
  readonly events: number;
}

/** A server process that is asked what it holds. */
class Server implements AsyncDisposable {
  readonly #child: ChildProcess;
  url = '';

  constructor(options: ChurnServerOptions) {
    this.#child = fork(bundle(join(import.meta.dirname, 'churn-server.ts')), [JSON.stringify(options)], {
      execArgv: ['--expose-gc'],
    });
  }

  async started(): Promise<this> {
    const [{ url }] = await once(this.#child, 'message');
    this.url = `${url}/trpc`;
    return this;
  }

  async holdings(): Promise<Holdings> {
    this.#child.send('holdings');
    const [holdings] = await once(this.#child, 'message');
    return holdings;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Clients that come, subscribe, unsubscribe and go, and publishers, on topics that are given up for others. */
export async function churn({
  seconds,
  leaveSeconds = 20,
  clients,
  publishers,
  ...options
}: ChurnOptions): Promise<ChurnResult> {
  await using server = await new Server(options).started();
  const counts = { connects: 0, events: 0 };
  const isLeft = ({ connections, subscribers }: Holdings) => connections + subscribers === 0;
  // One client, once, so that what is made when it is first needed is there.
  await publishOnce(server.url);
  const empty = await settled(server, isLeft, leaveSeconds);

  const end = performance.now() + seconds * 1000;
  const goesOn = (): boolean => performance.now() < end;
  const topic = (): string => {
    const generation = Math.floor(performance.now() / TOPICS_CHANGE_MS) % GENERATIONS;
    return `g${generation}-t${Math.floor(Math.random() * TOPICS)}`;
  };

  const follow = (client: EventsClient, of: string) => {
    let unsubscribe = (): void => {};
    const synced = new Promise<void>((resolve) => {
      const handle = client.on('agent_message', () => void counts.events++, {
        topic: of,
        ...(Math.random() < 0.3 && { since: { last: 10 } }),
        onSynced: () => resolve(),
      });
      unsubscribe = () => handle.unsubscribe();
    });
    return { synced, unsubscribe };
  };
  const comeAndGo = async (): Promise<void> => {
    while (goesOn()) {
      const client = createClient({ url: server.url });
      counts.connects++;
      const subscriptions = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () =>
        follow(client, topic()),
      );
      await Promise.all(subscriptions.map(({ synced }) => synced));
      await sleep(100 + Math.random() * 500);
      for (const { unsubscribe } of subscriptions) if (Math.random() < 0.5) unsubscribe();
      await sleep(Math.random() * 200);
      await client.close();
    }
  };
  const publish = async (): Promise<void> => {
    const client = createClient({ url: server.url });
    while (goesOn()) {
      await client
        .publish('agent_message', agentMessage('x'.repeat(200)), { topic: topic() })
        .catch(() => {});
      await sleep(5);
    }
    await client.close();
  };

  const work = [
    ...Array.from({ length: clients }, comeAndGo),
    ...Array.from({ length: publishers }, publish),
  ];
  const samples: Holdings[] = [];
  await sleep((seconds * 1000) / 5);
  for (
    let pause = (seconds * 1000) / 10;
    goesOn();
    await sleep(Math.max(0, Math.min(pause, end - performance.now())))
  ) {
    samples.push(await server.holdings());
    pause = Math.max(pause, 1);
  }
  await Promise.all(work);
  const isGone = (holdings: Holdings): boolean =>
    isLeft(holdings) &&
    holdings.topics === 0 &&
    moreHandles(empty, holdings).every(({ more }) => atMostOne(more));
  const left = await settled(server, isGone, leaveSeconds);
  return { empty, samples, left, ...counts };
}

async function publishOnce(url: string): Promise<void> {
  const client = createClient({ url });
  const options = { topic: 'first' };
  await new Promise<void>((resolve) => {
    const publish = () => void client.publish('agent_message', agentMessage('first'), options);
    client.on('agent_message', () => resolve(), { ...options, onSynced: publish });
  });
  await client.close();
}

/** Handles of each kind beyond those that there were before the first client. */
export function moreHandles(empty: Holdings, now: Holdings): { kind: string; more: number }[] {
  return Object.entries(now.handles).map(([kind, count]) => ({
    kind,
    more: count - (empty.handles[kind] ?? 0),
  }));
}

/** A timer of the moment may be there at one look and not at the other; of what leaks there would be hundreds. */
export const atMostOne = (more: number): boolean => more <= 1;

/** Resolves with what is held once it is as expected, or after a time with what it is then. */
async function settled(
  server: Server,
  isSo: (holdings: Holdings) => boolean,
  seconds: number,
): Promise<Holdings> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const holdings = await server.holdings();
    if (isSo(holdings) || performance.now() > end) return holdings;
    await sleep(200);
  }
}

/** By how much values rise from the first to the last, by the line that fits them best. */
export function rise(values: readonly number[]): number {
  const mean = (all: readonly number[]): number => all.reduce((sum, value) => sum + value, 0) / all.length;
  const middle = (values.length - 1) / 2;
  const height = mean(values);
  const covariance = values.reduce((sum, value, at) => sum + (at - middle) * (value - height), 0);
  const variance = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return (covariance / variance) * (values.length - 1);
}
