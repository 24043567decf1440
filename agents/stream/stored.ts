import * as z from 'zod';
import { growing } from '../../shared/open/kinds.ts';
import type { AnyChunk } from './dialect.ts';

/** Longest name of a run, and of a part. */
const MAX_NAME = 512;

/** A chunk as it is stored: plain JSON. Its stream's own rules were kept where it was written. */
const chunk = z.looseObject({ type: z.string().min(1).max(100) });

/** The event that holds one chunk of a run. */
export const recordSchema = z.object({ run_id: z.string().min(1).max(MAX_NAME), chunk });

function partShape() {
  return {
    run_id: z.string().min(1).max(MAX_NAME),
    /** One name of the part among those of its run that are open. */
    part: z.string().min(1).max(MAX_NAME),
    /** 0, or the number of events before it that hold the text of the same part. */
    n: z.int().min(0),
    /** The chunk that opened it. */
    start: chunk,
  };
}

/** The growing event that holds a text of a run. */
export const textPart = growing(z.object({ ...partShape(), text: z.string() }), 'text');

/** The growing event that holds the arguments of a tool call. */
export const argsPart = growing(z.object({ ...partShape(), args: z.string() }), 'args');

/** Data of a growing event of a run, with its text. */
export interface StoredPart<Chunk extends AnyChunk> {
  readonly run_id: string;
  readonly part: string;
  readonly n: number;
  readonly start: Chunk;
  readonly text: string;
}

/** The reason with which an event is settled whose part goes on in a further event. */
export const CONTINUES = 'continues';
