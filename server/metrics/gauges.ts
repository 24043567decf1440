import { Counter, Gauge, type Registry } from 'prom-client';
import type { MetricsSources } from './sources.ts';

/** Registers what is asked for, and not counted along the way. */
export function watchSources(registry: Registry, sources: MetricsSources): void {
  const { manager, webSockets, sessions, brokerConnections, ingress } = sources;
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | Promise<number>) => {
    const collect = async (): Promise<void> => metric.set(await read());
    const metric: Gauge = new Gauge({ name, help, registers, collect });
  };
  /** Totals that are kept elsewhere. */
  const totals = <L extends string>(
    name: string,
    help: string,
    label: L,
    read: () => Readonly<Record<string, number>>,
  ) => {
    const collect = () => {
      metric.reset();
      for (const [value, total] of Object.entries(read())) metric.labels({ [label]: value }).inc(total);
    };
    const metric = new Counter<string>({ name, help, labelNames: [label], registers, collect });
  };

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

  if (webSockets) {
    gauge('psyche_connections', 'Open WebSockets.', () => webSockets.traffic.connections);
    totals('psyche_websocket_bytes_total', 'Bytes of WebSockets.', 'direction', () => {
      const { receivedBytes, sentBytes } = webSockets.traffic;
      return { received: receivedBytes, sent: sentBytes };
    });
  }
  if (sessions) gauge('psyche_sessions', 'Open sessions of subjects.', () => sessions.size);
  if (ingress) {
    totals('psyche_ingress_entries_total', 'Entries of the ingress stream handled.', 'outcome', () => ({
      ...ingress.counts,
    }));
  }
  if (brokerConnections) {
    const metric = new Gauge({
      name: 'psyche_broker_up',
      help: 'Whether a connection to the broker can be used.',
      labelNames: ['connection'],
      registers,
      collect: () => {
        for (const [connection, up] of Object.entries(brokerConnections()))
          metric.set({ connection }, up ? 1 : 0);
      },
    });
  }
}
