import type { EventStats } from '../event-manager/stats/event-stats.ts';
import type { IngressCounts } from '../ingress/ingress.ts';

/** Whom a server's figures are asked from when somebody wants to see them. */
export interface MetricsSources {
  manager: { stats(): EventStats; lag(): Promise<number | null> };
  /** Traffic of its WebSockets. Default: it has none. */
  webSockets?: { traffic: Traffic } | undefined;
  /** Sessions that are open. Default: they are not counted. */
  sessions?: { size: number } | undefined;
  /** The broker's connections, and whether each can be used. Default: it has none. */
  brokerConnections?: (() => Readonly<Record<string, boolean>>) | undefined;
  /** Counts of the entries of the ingress stream that this process took. Default: it takes none. */
  ingress?: { counts: Readonly<IngressCounts> } | undefined;
}

/** Traffic of WebSockets, now and so far. */
export interface Traffic {
  /** Number of open ones. */
  connections: number;
  receivedBytes: number;
  sentBytes: number;
}
