import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { RedisConnectionOptions } from './connection.ts';
import { keySlot, SLOTS, type Topology } from './topology.ts';

/** Nodes asked for the map at the same time: a node that is gone may not even refuse. */
const ASKED_AT_ONCE = 3;
/** Ms between two lookups of the map, about. */
const PAUSE_MS = 100;

interface ClusterSettings {
  /** Nodes that the URL names. */
  seeds: readonly { host: string; port: number }[];
  timeoutMs: number;
  connect: (options: RedisConnectionOptions) => Redis;
}

/** The map of a Cluster: the master of each slot, as `host:port`. It is looked up anew whenever it seems wrong. */
export class ClusterTopology implements Topology {
  readonly address: string;
  readonly #settings: ClusterSettings;
  readonly #seeds: readonly string[];
  readonly #listeners: (() => void)[] = [];
  #masters: (string | null)[] = new Array(SLOTS).fill(null);
  #nodes: readonly string[] = [];
  #lookup: Promise<void> | null = null;
  #lookedUpAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(settings: ClusterSettings) {
    this.#settings = settings;
    this.#seeds = settings.seeds.map(({ host, port }) => `${host}:${port}`);
    this.address = this.#seeds.join(', ');
    this.refresh();
  }

  serverOf(key: string): string | null {
    return this.#masters[keySlot(key)] ?? null;
  }

  has(server: string): boolean {
    return this.#masters.includes(server);
  }

  open(server: string, options: RedisConnectionOptions): Redis {
    const colon = server.lastIndexOf(':');
    const [host, port] = [server.slice(0, colon), Number(server.slice(colon + 1))];
    return this.#settings.connect({ ...options, host, port });
  }

  moved(slot: number, server: string): void {
    const masters = [...this.#masters];
    masters[slot] = server;
    this.#replace(masters);
    this.refresh(server);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  refresh(witness?: string): Promise<void> {
    this.#lookup ??= this.#lookUp(witness).finally(() => {
      this.#lookup = null;
    });
    return this.#lookup;
  }

  close(): void {
    this.#closed = true;
    this.#listeners.length = 0;
  }

  async #lookUp(witness: string | undefined): Promise<void> {
    const pause = this.#lookedUpAt + PAUSE_MS * (0.5 + Math.random()) - performance.now();
    if (pause > 0) await sleep(pause);
    const others = shuffled(new Set([...this.#nodes, ...this.#seeds]));
    const nodes = witness === undefined ? others : [witness, ...others.filter((node) => node !== witness)];
    let asked = witness === undefined ? ASKED_AT_ONCE : 1;
    for (let from = 0; from < nodes.length && !this.#closed; from += asked, asked = ASKED_AT_ONCE) {
      const answer = await Promise.any(nodes.slice(from, from + asked).map((node) => this.#ask(node))).catch(
        () => null,
      );
      if (!answer || this.#closed) continue;
      this.#nodes = answer.nodes;
      this.#replace(answer.masters);
      break;
    }
    this.#lookedUpAt = performance.now();
  }

  /** Asks a node for the map, on a connection of its own: the others may wait for the answer. */
  async #ask(node: string): Promise<{ masters: (string | null)[]; nodes: string[] }> {
    const { timeoutMs } = this.#settings;
    const redis = this.open(node, {
      connectionName: 'psyche-events:map',
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      enableReadyCheck: false,
      retryStrategy: null,
    });
    redis.on('error', () => {}); // the command fails too
    try {
      const ranges = await redis.cluster('SLOTS');
      const masters = new Array<string | null>(SLOTS).fill(null);
      const nodes = new Set<string>();
      for (const [first, last, ...holders] of ranges) {
        // A holder without a host is the node that was asked.
        const names = holders.map(
          ([host, port]) => `${host || node.slice(0, node.lastIndexOf(':'))}:${port}`,
        );
        for (const name of names) nodes.add(name);
        masters.fill(names[0] ?? null, first, last + 1);
      }
      if (nodes.size === 0) throw new Error('the node belongs to no Cluster');
      return { masters, nodes: [...nodes] };
    } finally {
      redis.disconnect();
    }
  }

  #replace(masters: (string | null)[]): void {
    if (masters.every((master, slot) => master === this.#masters[slot])) return;
    this.#masters = masters;
    for (const listener of [...this.#listeners]) listener();
  }
}

function shuffled<T>(items: Iterable<T>): T[] {
  return Array.from(items, (item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
