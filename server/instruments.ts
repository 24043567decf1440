import type { GapReason } from '../shared/stream-items.ts';

/**
 * What a server's parts tell about their work while they do it; what can be asked for afterwards is in `stats`.
 * Each is called once per call, batch or incident, never once per delivery.
 */
export interface Instruments {
  /** A publish was stored, `ms` after it was asked for. */
  published(ms: number): void;
  /** Records of a type were handed to a number of subscribers, `ms` after they had been appended to the log. */
  delivered(type: string, subscribers: number, ms: number): void;
  /** A gap was announced: once where the tail of a topic met it, and once for each subscriber that met it in the log. */
  gap(reason: GapReason): void;
  /** A subscriber that could not keep up reads from the log. */
  refilled(): void;
  /** A subscriber that could not keep up was cut. */
  cutSlow(): void;
  /** A call, a request or an upgrade was refused; `code` is one of PROTOCOL.md, tRPC's, or a few of HTTP. */
  refused(code: string): void;
}

const ignore = (): void => {};

/** Measures nothing: the default. */
export const noInstruments: Instruments = {
  published: ignore,
  delivered: ignore,
  gap: ignore,
  refilled: ignore,
  cutSlow: ignore,
  refused: ignore,
};
