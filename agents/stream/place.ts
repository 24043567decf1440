import * as z from 'zod';
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
    /** All records of this run up to here were told: further than `since` where another run waits. */
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

/** The form of a place as text. A function: a page that reads none is not to make it. */
const placeSchema = () => {
  const known = z.object({
    id: z.string(),
    length: z.int().min(0),
    start: z.looseObject({ type: z.string() }),
  });
  const run = z.object({ id: z.string(), at: z.string(), parts: z.array(z.tuple([z.string(), known])) });
  return z.object({ since: z.string(), run: run.optional(), ended: z.array(z.string()).default([]) });
};

/** The place that a text names: one that {@link formatPlace} made, or a cursor. @throws EventsError INVALID_CURSOR */
export function parsePlace<Chunk extends AnyChunk>(text: string): Place<Chunk> {
  const data = text.startsWith('{') ? placeSchema().safeParse(parsed(text)).data : undefined;
  const { since = text, run, ended = [] } = data ?? {};
  parseCursor(since);
  if (run) parseCursor(run.at);
  // Its chunks are those that were told.
  return { since, ...(run && { run: run as object as NonNullable<Place<Chunk>['run']> }), ended };
}

function parsed(text: string): unknown {
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
