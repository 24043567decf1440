import type { UIMessageChunk } from 'ai';
import { placeBefore } from '../../../server/runs/run-search.ts';
import { type RunState, runStateOf } from '../../../shared/runs/run-state.ts';
import { LOST } from '../chunks/chat-dialect.ts';
import type { ChatClient } from './running-answer.ts';

/** Openings and ends of runs that are looked at. */
const LOOKED_AT = 20;

/** An answer that goes on, or has ended. */
export interface NewestAnswer {
  readonly run: string;
  readonly input: unknown;
  readonly state: RunState;
  /** Words of its failure. */
  readonly outcome: string;
  /** A place before its opening; undefined where that is long ago. */
  readonly since: string | undefined;
}

/**
 * The newest answer of a topic: one that is lost may end after a newer one, so it is the one that was begun last.
 * @returns undefined where there is none
 * @throws EventsError FORBIDDEN, INVALID_TOPIC, UNAVAILABLE
 */
export async function newestAnswer(client: ChatClient, topic: string): Promise<NewestAnswer | undefined> {
  const { items } = await client.history({ topic, types: ['run'], openings: true, limit: LOOKED_AT });
  const told = items.filter(({ event: { data } }) => data.kind === 'chat');
  const opening = told.findLast(({ event: { open } }) => runStateOf(open) === 'running');
  const run = (opening ?? told.at(-1))?.event.data.run_id;
  const newest = told.findLast(({ event: { data } }) => data.run_id === run)?.event;
  if (run === undefined || !newest) return undefined;
  const { input, outcome } = newest.data;
  const since = opening && placeBefore(opening.cursor);
  return { run, input, state: runStateOf(newest.open), outcome, since };
}

/** The error that an answer has ended with, as those were told who saw it end; undefined where it has not failed, and its process was not lost. */
export function errorOf({ state, outcome }: NewestAnswer): UIMessageChunk | undefined {
  if (state === 'failed') return { type: 'error', errorText: outcome };
  return state === 'lost' ? { type: 'error', errorText: LOST } : undefined;
}
