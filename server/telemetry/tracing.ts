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
