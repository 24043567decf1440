import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import * as z from 'zod';
import {
  type Application,
  createAppRouter,
  type EventManager,
  type RunningServer,
  type ServerOptions,
} from '../../server/index.ts';
import {
  type AnyCatalog,
  type Clock,
  defineEvents,
  fromLogEntry,
  type LogEntry,
  psycheEvents,
  versions,
} from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';

const { agent_message: first, ...others } = psycheEvents.schemas;

/** The events of the next deploy: a message has a mood in place of a sentiment. */
const nextEvents = defineEvents({
  ...others,
  agent_message: versions(first, [
    first.omit({ sentiment: true }).extend({ mood: z.string() }),
    ({ sentiment, ...rest }) => ({ ...rest, mood: sentiment.label }),
    ({ mood: _, ...rest }) => ({ ...rest, sentiment: { score: 0, label: 'neutral' as const } }),
  ]),
});

/** A field that only version 1, or 2, of a message has. */
const FIELDS = { 1: '"sentiment":', 2: '"mood":' } as const;

export interface VersionNodeOptions extends Pick<ServerOptions, 'publishAs'> {
  /** Newest version of a message that its catalog has. */
  version: 1 | 2;
  clock?: Clock | undefined;
}

export interface VersionNode {
  readonly version: 1 | 2;
  readonly server: RunningServer;
  readonly manager: EventManager<AnyCatalog>;
  /** Newer versions that it met, each with one wait. */
  readonly met: string[];
  isReady: boolean;
}

/**
 * Servers of two versions of a catalog on one Redis, and their balancer: clients are led to those that say they are
 * ready, in turns, and what they are sent is looked at on its way. Publishers publish through all servers in turns, with
 * data as each server's catalog has it.
 */
export class VersionNodes implements AsyncDisposable {
  /** Messages that a client was sent in another version than that of its server. */
  wrong = 0;
  /** Messages that clients were sent, by the version of the server. */
  readonly sent = { 1: 0, 2: 0 };
  /** Waits of all servers so far. */
  waits = 0;
  readonly #options: ServerOptions;
  readonly #nodes: VersionNode[] = [];
  readonly #sockets = new Map<WebSocket, VersionNode>();
  readonly #looking: Promise<void>;
  #isOver = false;
  #turn = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#looking = this.#lookOn();
  }

  async start({ version, publishAs, clock }: VersionNodeOptions): Promise<VersionNode> {
    const catalog: AnyCatalog = version === 1 ? psycheEvents : nextEvents;
    const met: string[] = [];
    let manager: EventManager<AnyCatalog> | undefined;
    const note = (_: object, message: string): void => {
      if (!message.includes('newer version')) return;
      met.push(message);
      this.waits++;
    };
    const server = await startTestServer(
      { ...this.#options, publishAs },
      {
        catalog,
        ...(clock && { clock }),
        logger: { debug() {}, info() {}, warn: note, error: note },
        application(context): Application {
          manager = context.manager;
          return { router: createAppRouter(context.manager) };
        },
      },
    );
    if (!manager) throw new Error('The server has made no application');
    const node: VersionNode = { version, server, manager, met, isReady: true };
    this.#nodes.push(node);
    return node;
  }

  async stop(node: VersionNode): Promise<void> {
    await node.server.close();
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
  }

  /** Number of clients at servers of a version. */
  clientsAt(version: 1 | 2): number {
    return [...this.#sockets.values()].filter((node) => node.version === version).length;
  }

  /** A WebSocket for clients, which the balancer leads. */
  get WebSocket(): typeof WebSocket {
    const nodes = this;
    return class extends WebSocket {
      constructor(address: string | URL) {
        const node = nodes.#next();
        const url = new URL(address);
        url.host = new URL(node.server.url).host;
        super(url);
        nodes.#sockets.set(this, node);
        this.on('message', (data) => nodes.#lookAt(String(data), node));
        this.on('close', () => nodes.#sockets.delete(this));
      }
    } as typeof WebSocket;
  }

  /** Publishes a message of version 1 through the next server, in the version of that server's catalog. */
  async publish(topic: string, [entry]: readonly LogEntry[]): Promise<never[]> {
    if (!entry) return [];
    const { manager, version } = this.#next(() => true);
    const { sentiment, ...rest } = fromLogEntry<typeof psycheEvents>(entry).data as z.output<typeof first>;
    const data = version === 1 ? { ...rest, sentiment } : { ...rest, mood: sentiment.label };
    await manager.publish('agent_message', data as never, { topic, idempotencyKey: entry.id });
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#looking;
    await Promise.all(this.#nodes.map(({ server }) => server.close()));
  }

  #next(admits: (node: VersionNode) => boolean = ({ isReady }) => isReady): VersionNode {
    const admitted = this.#nodes.filter(admits);
    const all = admitted.length > 0 ? admitted : this.#nodes;
    const node = all[this.#turn++ % all.length];
    if (!node) throw new Error('There are no servers');
    return node;
  }

  #lookAt(text: string, { version }: VersionNode): void {
    const count = (field: string) => text.split(field).length - 1;
    this.sent[version] += count(FIELDS[version]);
    this.wrong += count(FIELDS[version === 1 ? 2 : 1]);
  }

  /** Asks all servers if they are ready, again and again: an older answer comes after no newer one. */
  async #lookOn(): Promise<void> {
    for (; !this.#isOver; await sleep(20)) await Promise.all(this.#nodes.map(look));
  }
}

/** Asks a server if it is ready; one that does not answer is not. */
async function look(node: VersionNode): Promise<void> {
  const isOk = async () => {
    const answer = await fetch(`${node.server.url}/readyz`);
    await answer.text();
    return answer.ok;
  };
  node.isReady = await isOk().catch(() => false);
}
