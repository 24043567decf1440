import type { GapReason } from '../../shared/stream-items.ts';
import { type Logger, silentLogger } from './logger.ts';

/**
 * Measurements that a server's parts report while they work; figures that can be asked for afterwards are in `stats`.
 * Each is called once per call, batch or incident, never once per delivery.
 */
export interface Instruments {
  /** A publish was stored, `ms` after it was asked for. */
  published(ms: number): void;
  /**
   * A record of a type was handed to a number of subscribers at once, `ms` after it had been appended, by the log's
   * clock; null where they read it from the log.
   */
  delivered(type: string, subscribers: number, ms: number | null): void;
  /** A gap was announced: once where the tail of a topic met it, and once for each subscriber that met it in the log. */
  gap(reason: GapReason): void;
  /** A subscriber that could not keep up, and has room again, reads on from the log. */
  refilled(): void;
  /** A group of subscribers that get identical bytes came to be (1), or is no more (-1). */
  grouped(change: 1 | -1): void;
  /** A WebSocket was opened. */
  opened(): void;
  /** A WebSocket closed: with the code that the server gave it, else with its client's, which may be any. */
  closed(code: number, by: 'server' | 'client'): void;
  /** A call, a request or an upgrade was refused; `code` is one of PROTOCOL.md, one of tRPC, or says which limit it was. */
  refused(code: string): void;
}

const ignore = (): void => {};

/** Measures nothing: the default. */
export const noInstruments: Instruments = {
  published: ignore,
  delivered: ignore,
  gap: ignore,
  refilled: ignore,
  grouped: ignore,
  opened: ignore,
  closed: ignore,
  refused: ignore,
};

/** The subject of a trace: an event, or several of one publish. */
export interface Traced {
  readonly topic: string;
  /** Its type; several, of a batch, comma-separated. */
  readonly type: string;
  /** The trace that it continues: W3C's `traceparent`. Default: the one that is active here now. */
  readonly traceparent?: string | undefined;
}

/** Follows events from one process into others. */
export interface Tracing {
  /** Runs a publish in a span. What it is run with goes with the events; undefined where nothing is recorded. */
  publish<T>(traced: Traced, run: (traceparent: string | undefined) => Promise<T>): Promise<T>;
  /** Runs what handles an event in a span that continues the event's. */
  handle<T>(traced: Traced & { readonly cursor: string }, run: () => T): T;
  /** Notes, as a span that continues the event's, that it was handed to so many subscribers at once. */
  delivered(traced: Traced & { readonly cursor: string; readonly subscribers: number }): void;
}

/** Observers of a manager: log, metrics and traces. */
export interface Telemetry {
  readonly logger: Logger;
  readonly instruments: Instruments;
  readonly tracing: Tracing | undefined;
}

/** Observes nothing: the default. */
export const nobody: Telemetry = { logger: silentLogger, instruments: noInstruments, tracing: undefined };
