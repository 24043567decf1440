import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { GapReason } from '../../shared/stream-items.ts';
import type { Instruments } from '../telemetry/telemetry.ts';
import { type MetricsSources, watchSources } from './gauges.ts';

/** Bounds of the histograms, in seconds: from the work of one process to a Redis far away. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * Close codes of a client that are counted as they are: a normal end, a page that is left, none, and a lost connection. It
 * may send thousands of others, each of which would be a series for good, or a code by which the server tells of itself.
 */
const USUAL_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005, 1006]);

/**
 * Measures a process for Prometheus. Counters and latencies are recorded while it works; all other figures are read when
 * somebody asks for the metrics.
 *
 * @example
 * const metrics = new Metrics();
 * const manager = new EventManager({ broker, instruments: metrics });
 * metrics.watch({ manager });
 * await metrics.registry.metrics();
 */
export class Metrics implements Instruments {
  readonly registry = new Registry();
  readonly #published: Histogram;
  readonly #delivery: Histogram;
  readonly #delivered: Counter<'type'>;
  readonly #gaps: Counter<'reason'>;
  readonly #refills: Counter;
  readonly #groups: Gauge;
  readonly #opened: Counter;
  readonly #closed: Counter<'code'>;
  readonly #refusals: Counter<'code'>;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#published = new Histogram({
      name: 'psyche_publish_seconds',
      help: 'From a valid publish to the broker’s answer that it is stored.',
      buckets: BUCKETS,
      registers,
    });
    this.#delivery = new Histogram({
      name: 'psyche_delivery_seconds',
      help: 'From append, by the log’s clock, to the sockets of a group of live subscribers; once per event and group.',
      buckets: BUCKETS,
      registers,
    });
    this.#delivered = new Counter({
      name: 'psyche_events_delivered_total',
      help: 'Events handed to subscribers: one for each of them.',
      labelNames: ['type'],
      registers,
    });
    this.#gaps = new Counter({
      name: 'psyche_gaps_total',
      help: 'Gaps announced: once where a topic’s tail met one, once for each subscriber that met one in the log.',
      labelNames: ['reason'],
      registers,
    });
    this.#refills = new Counter({
      name: 'psyche_refills_total',
      help: 'Times that a slow subscriber went on from the log.',
      registers,
    });
    this.#groups = new Gauge({
      name: 'psyche_groups',
      help: 'Groups of subscribers that get identical bytes.',
      registers,
    });
    this.#opened = new Counter({
      name: 'psyche_connections_opened_total',
      help: 'WebSockets opened.',
      registers,
    });
    this.#closed = new Counter({
      name: 'psyche_connections_closed_total',
      help: 'WebSockets closed, by close code: 4008 are slow readers that were cut, client those that closed with a code of their own.',
      labelNames: ['code'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'psyche_refusals_total',
      help: 'Calls, requests and upgrades refused, by error code or limit.',
      labelNames: ['code'],
      registers,
    });
  }

  /** Reads figures from these sources whenever somebody asks for the metrics. Call it once in a process. */
  watch(sources: MetricsSources): void {
    watchSources(this.registry, sources);
  }

  published(ms: number): void {
    this.#published.observe(ms / 1000);
  }

  delivered(type: string, subscribers: number, ms: number | null): void {
    this.#delivered.inc({ type }, subscribers);
    if (ms !== null) this.#delivery.observe(ms / 1000);
  }

  gap(reason: GapReason): void {
    this.#gaps.inc({ reason });
  }

  refilled(): void {
    this.#refills.inc();
  }

  grouped(change: 1 | -1): void {
    this.#groups.inc(change);
  }

  opened(): void {
    this.#opened.inc();
  }

  closed(code: number, by: 'server' | 'client'): void {
    this.#closed.inc({ code: by === 'server' || USUAL_CODES.has(code) ? code : 'client' });
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }
}
