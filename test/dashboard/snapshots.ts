import type { Gap, PageEvent } from '../../dashboard/events.ts';
import type { Log } from '../../dashboard/model/log.ts';
import { said } from './events.ts';

export const START = Date.UTC(2026, 0, 1);

/** A message that was said so many ms after the start. */
export function message(seq: number, ms: number, epoch = 'a'): PageEvent<'agent_message'> {
  return {
    event_type: 'agent_message',
    timestamp: new Date(START + ms).toISOString(),
    data: said(`${seq}`) as PageEvent<'agent_message'>['data'],
    cursor: `${epoch}:${seq}`,
  };
}

/** A question that an agent has asked a second after the start, and that waits. */
export const asked: PageEvent<'agent_question'> = {
  event_type: 'agent_question',
  timestamp: new Date(START + 1000).toISOString(),
  data: { agent_id: 'ego', question: 'Shall we turn back?', choices: ['Turn back', 'Go on'] },
  open: { id: 'agent_question.1', kind: 'question', state: 'open' },
  cursor: 'a:2',
};

export function snapshot(events: readonly PageEvent[], gaps: readonly Gap[] = []) {
  return {
    events,
    gaps,
    gap: gaps.at(-1) ?? null,
    status: 'live' as const,
    dropped: 0,
    older: 0,
    open: [],
    counts: {},
    caughtUp: 0,
    error: null,
  };
}

export const rows = (log: Log) => log.entries.map(({ row }) => row);
export const clocks = (log: Log) => log.entries.map(({ clock }) => clock);
