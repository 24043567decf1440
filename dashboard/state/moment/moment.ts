import { createContext, use } from 'react';
import type { Log } from '../../model/log.ts';
import type { Scene } from '../../model/scene.ts';
import type { Search } from './use-address-moment.ts';

/** The page's place in the log: at its live end, or anywhere before. All panels show this moment, and only this. */
export interface Moment {
  readonly log: Log;
  readonly live: boolean;
  /** The last row that is shown. */
  readonly row: number;
  /** The place on the timeline, ms; see {@link Entry.clock}. */
  readonly clock: number;
  /** The time of the moment, Unix ms. */
  readonly at: number;
  readonly scene: Scene;
  /** True while time goes on in a replay, at `rate`. */
  readonly playing: boolean;
  readonly rate: number;
  /** State of the search for the event that the address names. */
  readonly search: Search;
}

export interface MomentActions {
  /** Shows the log up to a place on the timeline; at its end, live. */
  seek(clock: number): void;
  /** So many messages forth, or back. */
  step(messages: number): void;
  goLive(): void;
  togglePlaying(): void;
  setRate(rate: number): void;
  /** Loads events from before the oldest one; resolves with whether there may be more. */
  loadOlder(): Promise<boolean>;
}

export const MomentContext = createContext<Moment | null>(null);
export const MomentActionsContext = createContext<MomentActions | null>(null);

export function useMoment(): Moment {
  return provided(use(MomentContext));
}

export function useMomentActions(): MomentActions {
  return provided(use(MomentActionsContext));
}

function provided<T>(value: T | null): T {
  if (value === null) throw new TypeError('Panels need a <MomentProvider> above them.');
  return value;
}
