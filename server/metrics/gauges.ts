import { Counter, Gauge, type Registry } from 'prom-client';
import type { Traffic } from '../broadcaster/socket/connections.ts';
import type { EventStats } from '../event-manager/stats/event-stats.ts';
import type { IngressCounts } from '../ingress/ingress.ts';

/** Sources of a server's figures, read whenever somebody asks for the metrics. */
export interface MetricsSources {
  manager: { stats(): EventStats; lag(): Promise<number | null> };
  /** Traffic of its WebSockets. Default: no such metrics. */
  webSockets?: { traffic: Traffic } | undefined;
  /** Open sessions. Default: no such metric. */
  sessions?: { size: number } | undefined;
  /** Tells for each of the broker's connections if it can be used. Default: no such metric. */
  brokerConnections?: (() => Readonly<Record<string, boolean>>) | undefined;
  /** Counts of the ingress entries that this process handled. Default: no such metric. */
  ingress?: { counts: Readonly<IngressCounts> } | undefined;
}

/** Registers the metrics that are read from their sources whenever somebody asks for them. */
export function watchSources(registry: Registry, sources: MetricsSources): void {
  const read = readMetrics(registry);
  watchManager(read, sources.manager);
  const { webSockets, sessions, brokerConnections, ingress } = sources;
  if (webSockets) {
    read.gauge('psyche_connections', 'Open WebSockets.', () => webSockets.traffic.connections);
    read.totals('psyche_websocket_bytes_total', 'Bytes of WebSockets.', 'direction', () => {
      const { receivedBytes, sentBytes } = webSockets.traffic;
      return { received: receivedBytes, sent: sentBytes };
    });
  }
  if (sessions) read.gauge('psyche_sessions', 'Open sessions of subjects.', () => sessions.size);
  if (ingress) {
    read.totals('psyche_ingress_entries_total', 'Entries of the ingress stream handled.', 'outcome', () => ({
      ...ingress.counts,
    }));
  }
  if (brokerConnections) {
    const metric = new Gauge({
      name: 'psyche_broker_up',
      help: 'Whether a connection to the broker can be used.',
      labelNames: ['connection'],
      registers: [registry],
      collect: () => {
        for (const [connection, up] of Object.entries(brokerConnections()))
          metric.set({ connection }, up ? 1 : 0);
      },
    });
  }
}

function watchManager(
  { gauge, totals }: ReturnType<typeof readMetrics>,
  manager: MetricsSources['manager'],
): void {
  gauge('psyche_subscriptions', 'Open subscriptions of clients.', () => manager.stats().subscribers);
  gauge('psyche_listeners', 'Listeners in this process.', () => manager.stats().listeners);
  gauge('psyche_topics', 'Topics that this process follows.', () => manager.stats().topics.length);
  gauge('psyche_publishes_in_flight', 'Publishes that wait for the broker.', () => manager.stats().queueSize);
  gauge(
    'psyche_publishes_in_flight_limit',
    'Publishes in flight at which more are refused.',
    () => manager.stats().queueLimit,
  );
  gauge(
    'psyche_tail_lag_records',
    'Records of the topic that is furthest behind that were appended and not handed out; NaN while the log cannot be reached.',
    async () => (await manager.lag()) ?? Number.NaN,
  );
  totals('psyche_events_published_total', 'Events stored.', 'type', () => manager.stats().published);
  totals(
    'psyche_events_received_total',
    'Events of followed topics.',
    'type',
    () => manager.stats().received,
  );
  totals('psyche_errors_total', 'What went wrong with events.', 'kind', () => ({
    ...manager.stats().errors,
  }));
}

/** Makes metrics whose values are read from elsewhere at each scrape. */
function readMetrics(registry: Registry) {
  const registers = [registry];
  return {
    gauge(name: string, help: string, read: () => number | Promise<number>): void {
      const collect = async (): Promise<void> => metric.set(await read());
      const metric: Gauge = new Gauge({ name, help, registers, collect });
    },
    /** Totals that are counted elsewhere, one for each value of a label. */
    totals(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
      const collect = (): void => {
        metric.reset();
        for (const [value, total] of Object.entries(read())) metric.labels({ [label]: value }).inc(total);
      };
      const metric = new Counter<string>({ name, help, labelNames: [label], registers, collect });
    },
  };
}
