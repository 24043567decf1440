import type { UIMessageChunk } from 'ai';
import { runStateOf } from '../../shared/runs/run-state.ts';
import { LOST } from './chunks/chat-dialect.ts';
import type { ChatClient } from './shown-runs.ts';

/** Openings and ends of runs that are looked at. */
const LOOKED_AT = 20;

/**
 * The error that the newest answer of a topic has ended with, as those were told who saw it end; undefined where it has not
 * failed, and its process was not lost.
 * @throws EventsError FORBIDDEN, INVALID_TOPIC, UNAVAILABLE
 */
export async function errorOfNewest(client: ChatClient, topic: string): Promise<UIMessageChunk | undefined> {
  const { items } = await client.history({ topic, types: ['run'], openings: true, limit: LOOKED_AT });
  const runs = items.map(({ event }) => event).filter(({ data }) => data.kind === 'chat');
  // One that is lost may end after a newer one: the newest is the one that was begun last.
  const newest = runs.findLast(({ open }) => runStateOf(open) === 'running') ?? runs.at(-1);
  const end = runs.findLast(({ data }) => data.run_id === newest?.data.run_id);
  const state = end && runStateOf(end.open);
  if (state === 'failed') return { type: 'error', errorText: end?.data.outcome ?? '' };
  return state === 'lost' ? { type: 'error', errorText: LOST } : undefined;
}
