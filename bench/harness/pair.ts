import { setTimeout as delay } from 'node:timers/promises';
import type { PeerName } from '../peers/registry.ts';
import type { ClientCommands, ClientOptions } from '../processes/client.ts';
import type { Pace } from '../processes/publish.ts';
import type { ServerCommands, ServerProcessOptions } from '../processes/server.ts';
import { Core, startWorker, type Worker } from './process.ts';

/** A server on its core, and the process that subscribes to it and counts, on another. */
export interface Pair extends AsyncDisposable {
  readonly peer: PeerName;
  readonly subscribers: number;
  readonly server: Worker<ServerCommands>;
  readonly client: Worker<ClientCommands>;
}

export interface PairOptions extends ServerProcessOptions {
  readonly subscribers: number;
  /** Inputs of the subscriptions, dealt round-robin. Default: none. */
  readonly inputs?: readonly unknown[];
}

/** The cost of a run. */
export interface Cost {
  /** CPU of the server process per event delivered to a subscriber. */
  readonly microsPerDelivery: number;
  /** The part of it spent in the operating system. */
  readonly kernelMicrosPerDelivery: number;
  readonly bytesPerDelivery: number;
}

/**
 * Events published before their delivery is waited for: about 25 KB a socket, which fits the system's buffers. A
 * server faster than the process that counts would otherwise fill them, and pay for that.
 */
const SLICE = 60;

export function startServer(options: ServerProcessOptions): Worker<ServerCommands> {
  return startWorker<ServerCommands>('server', Core.SERVER, options);
}

export async function startClient(
  peer: PeerName,
  server: { readonly ask: { url(): Promise<string> } },
  core: number | null = Core.CLIENT,
): Promise<Worker<ClientCommands>> {
  const options: ClientOptions = { peer, url: await server.ask.url() };
  return startWorker<ClientCommands>('client', core, options);
}

/** Starts both and returns once every subscription stands, as both sides see it. */
export async function openPair({
  subscribers,
  inputs = [undefined],
  ...options
}: PairOptions): Promise<Pair> {
  const { peer } = options;
  const server = startServer(options);
  const client = await startClient(peer, server);
  const pair: Pair = {
    peer,
    subscribers,
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
  try {
    await subscribe(pair, subscribers, inputs);
    return pair;
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens `count` more subscriptions, and waits until the server has them all. */
export async function subscribe(
  { client, server }: Pick<Pair, 'client' | 'server'>,
  count: number,
  inputs: readonly unknown[] = [undefined],
): Promise<void> {
  const before = await server.ask.subscribers();
  await client.ask.open({ count, inputs });
  for (let waitedMs = 0; (await server.ask.subscribers()) < before + count; waitedMs += 10) {
    if (waitedMs > 10_000) throw new Error(`the server has ${await server.ask.subscribers()} subscriptions`);
    await delay(10);
  }
}

/**
 * Publishes, waits until everything was delivered, then reads the server's CPU clock.
 * @throws when a delivery is missing
 */
export async function measure(
  { server, client, subscribers }: Pair,
  count: number,
  pace: Pace,
): Promise<Cost> {
  await client.ask.arm({ events: count });
  await server.ask.startCpuClock();
  for (let sent = 0; sent < count; ) {
    const slice = Math.min(SLICE, count - sent);
    await server.ask.publish({ count: slice, pace });
    sent += slice;
    await client.ask.delivered(sent);
  }
  const { user, system } = await server.ask.cpuMicros();
  const { bytesPerDelivery } = await client.ask.drained();
  const deliveries = count * subscribers;
  return {
    microsPerDelivery: (user + system) / deliveries,
    kernelMicrosPerDelivery: system / deliveries,
    bytesPerDelivery,
  };
}
