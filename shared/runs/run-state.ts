import type { OpenPart } from '../open/open-part.ts';

/**
 * State of a run. `running`: its work goes on · `done`: its work returned · `failed`: its work threw · `stopped`: somebody
 * stopped it · `lost`: its process died or was closed, or its log was lost.
 */
export type RunState = 'running' | 'done' | 'failed' | 'stopped' | 'lost';

/** The end of a run. */
export interface RunEnd {
  readonly state: Exclude<RunState, 'running'>;
  /** The words of its failure, or of who stopped it; else empty. */
  readonly outcome: string;
  /** Id of the subject that it was started for, where one is known. */
  readonly by?: string | undefined;
  /** The place of its settlement. */
  readonly cursor: string;
}

/** The reasons with which a process settles its runs that did not end well; any other, and none, is `lost`. */
export const RUN_ENDS = ['failed', 'stopped'] as const;

/** The state of a run by the `open` part of its event; one without was complete when it was published. */
export function runStateOf(open: Pick<OpenPart, 'state' | 'reason'> | undefined): RunState {
  if (!open || open.state === 'done') return 'done';
  if (open.state === 'open') return 'running';
  if (open.state === 'aborted') return RUN_ENDS.find((state) => state === open.reason) ?? 'lost';
  return 'lost';
}
