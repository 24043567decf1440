import { setTimeout as delay } from 'node:timers/promises';
import type { PeerName } from '../peers/registry.ts';
import type { ClientCommands, ClientOptions } from '../processes/client.ts';
import type { Pace } from '../processes/publish.ts';
import type { PublisherCommands, PublisherOptions } from '../processes/publisher.ts';
import type { ServerCommands, ServerProcessOptions } from '../processes/server.ts';
import { BUN, Core, startWorker, type Worker } from './process.ts';

/** A server on its core, and the process that subscribes to it and counts, on another. */
export interface Pair extends AsyncDisposable {
  readonly peer: PeerName;
  readonly subscribers: number;
  readonly server: Worker<ServerCommands>;
  readonly client: Worker<ClientCommands>;
  /** The process that publishes: the server itself, or a client of it. */
  readonly source: Pick<Worker<PublisherCommands>, 'ask'>;
  /** Groups of topics of which each subscriber follows one. */
  readonly groups: number;
  /** Topics in all. */
  readonly topics: number;
}

export interface PairOptions extends ServerProcessOptions {
  readonly subscribers: number;
  /** Inputs of the subscriptions, dealt round-robin. Default: none. */
  readonly inputs?: readonly unknown[];
  /** True: events come from a client over a connection, and not from the server's own process. */
  readonly fromClient?: boolean;
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
 * Events published, where there is one group, before their delivery is waited for: about 25 KB a socket, which fits the system's buffers. A
 * server faster than the process that counts would otherwise fill them, and pay for that.
 */
const SLICE = 60;

export function startServer(options: ServerProcessOptions): Worker<ServerCommands> {
  return startWorker<ServerCommands>(
    'server',
    Core.SERVER,
    options,
    options.peer === 'bun' ? BUN : undefined,
  );
}

export async function startClient(
  peer: PeerName,
  server: { readonly ask: { url(): Promise<string> } },
  core: number | null = Core.CLIENT,
  topics = 1,
): Promise<Worker<ClientCommands>> {
  const options: ClientOptions = { peer, url: await server.ask.url(), topics };
  return startWorker<ClientCommands>('client', core, options);
}

async function startPublisher(
  peer: PeerName,
  server: { readonly ask: { url(): Promise<string> } },
): Promise<Worker<PublisherCommands>> {
  const options: PublisherOptions = { peer, url: await server.ask.url() };
  return startWorker<PublisherCommands>('publisher', Core.CLIENT, options);
}

/** Starts both and returns once every subscription stands, as both sides see it. */
export async function openPair({
  subscribers,
  inputs = [undefined],
  fromClient = false,
  ...options
}: PairOptions): Promise<Pair> {
  const { peer } = options;
  const server = startServer(options);
  const client = await startClient(peer, server, Core.CLIENT, options.topics?.count);
  const publisher = fromClient ? await startPublisher(peer, server) : null;
  const pair: Pair = {
    peer,
    subscribers,
    server,
    client,
    source: publisher ?? server,
    groups: options.topics?.groups ?? 1,
    topics: options.topics?.count ?? 1,
    async [Symbol.asyncDispose]() {
      await publisher?.[Symbol.asyncDispose]();
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

/** At least `events`, of which every subscriber gets equally many. */
export function wholeRounds({ groups }: Pick<Pair, 'groups'>, events: number): number {
  return Math.ceil(events / groups) * groups;
}

/**
 * Publishes, waits until everything was delivered, then reads the server's CPU clock.
 * @throws when a delivery is missing
 */
export async function measure(
  { server, client, source, subscribers, groups }: Pair,
  count: number,
  pace: Pace,
): Promise<Cost> {
  await client.ask.arm({ events: count / groups });
  await server.ask.startCpuClock();
  for (let sent = 0; sent < count; ) {
    const slice = Math.min(wholeRounds({ groups }, SLICE), count - sent);
    await source.ask.publish({ count: slice, pace });
    sent += slice;
    await client.ask.delivered(sent / groups);
  }
  const { user, system } = await server.ask.cpuMicros();
  const { bytesPerDelivery } = await client.ask.drained();
  const deliveries = (count / groups) * subscribers;
  return {
    microsPerDelivery: (user + system) / deliveries,
    kernelMicrosPerDelivery: system / deliveries,
    bytesPerDelivery,
  };
}
