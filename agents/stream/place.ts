import { isBefore, parseCursor } from '../../shared/cursor.ts';
import type { AnyChunk } from './dialect.ts';

/** A part that is open to a viewer. */
export interface KnownPart<Chunk extends AnyChunk> {
  /** `open.id` of the event that holds its text now. */
  id: string;
  /** Characters of that event which the viewer has. */
  length: number;
  readonly start: Chunk;
}

/** A viewer's place in the runs of a topic, in the midst of a text too. */
export interface Place<Chunk extends AnyChunk> {
  /** All records up to here were told. */
  readonly since: string;
  /** The run that is being told. */
  readonly run?: {
    readonly id: string;
    /** Of this run all records up to here were told: further than `since` where another run waits. */
    readonly at: string;
    readonly parts: readonly (readonly [part: string, known: KnownPart<Chunk>])[];
  };
  /** Runs whose end was told, of which records may come after `since`: at least the last one, oldest first. */
  readonly ended: readonly string[];
}

/** A place as text, opaque to callers. */
export function formatPlace<Chunk extends AnyChunk>(place: Place<Chunk>): string {
  return place.run || place.ended.length > 0 ? JSON.stringify(place) : place.since;
}

/** The place that a text names: one that {@link formatPlace} made, or a cursor. @throws EventsError INVALID_CURSOR */
export function parsePlace<Chunk extends AnyChunk>(text: string): Place<Chunk> {
  if (!text.startsWith('{')) {
    parseCursor(text);
    return { since: text, ended: [] };
  }
  const place: Partial<Place<Chunk>> | undefined = parsed(text);
  const { since, run, ended = [] } = place ?? {};
  parseCursor(typeof since === 'string' ? since : text);
  const isRun = run === undefined || (typeof run.id === 'string' && Array.isArray(run.parts));
  const isEnded = Array.isArray(ended) && ended.every((id) => typeof id === 'string');
  if (typeof since !== 'string' || !isRun || !isEnded) parseCursor('');
  return { since: String(since), ...(run && { run }), ended };
}

function parsed(text: string): Partial<Place<never>> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Tells if a record at a cursor was told to a viewer that was told all up to another. */
export function isUpTo(cursor: string, at: string): boolean {
  return cursor === at || isBefore(parseCursor(cursor), parseCursor(at));
}
