import { transformer } from '../../shared/index.ts';
import type { Gap, PageEvent } from '../events.ts';
import { isDrawn } from './drawn.ts';
import { type Filters, matcher } from './filters.ts';
import type { Entry, GapMark } from './log.ts';
import { createNoteTaker, type Note } from './notes.ts';
import type { Message, Scene } from './scene.ts';
import type { Speaking } from './speaking.ts';

/** A question to whoever watches. */
export type Question = Entry<'agent_question'>;

/** A line of the conversation. */
export type FeedItem =
  | { readonly kind: 'message'; readonly key: string; readonly entry: Message }
  | { readonly kind: 'note'; readonly key: string; readonly entry: Entry; readonly note: Note }
  | { readonly kind: 'question'; readonly key: string; readonly entry: Question }
  | { readonly kind: 'event'; readonly key: string; readonly entry: Entry }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap }
  | { readonly kind: 'speaking'; readonly key: string; readonly speaking: Speaking };

/** Items of the conversation at a moment. Gaps are shown under all filters. */
export function feedItems(scene: Scene, gaps: readonly GapMark[], filters: Filters): FeedItem[] {
  const matches = matcher(filters);
  const noteOf = createNoteTaker();
  const items: FeedItem[] = [];
  const waiting = [...gaps];
  const passGaps = (row: number): void => {
    for (let mark = waiting[0]; mark && mark.row < row; mark = waiting[0]) {
      waiting.shift();
      items.push({ kind: 'gap', key: `gap ${mark.gap.from} ${mark.gap.to}`, gap: mark.gap });
    }
  };
  for (const entry of scene.entries) {
    const note = noteOf(entry.event);
    if (waiting.length > 0) passGaps(entry.row);
    if (!matches(entry, note)) continue;
    const key = keyOf(entry);
    if (isMessage(entry)) items.push({ kind: 'message', key, entry });
    else if (isQuestion(entry)) items.push({ kind: 'question', key, entry });
    else if (note) items.push({ kind: 'note', key, entry, note });
    else items.push({ kind: 'event', key, entry });
  }
  const last = scene.entries.at(-1);
  passGaps(last ? last.row + 1 : Number.POSITIVE_INFINITY);
  for (const speaking of scene.speaking) {
    if (isWanted(speaking, filters)) {
      items.push({ kind: 'speaking', key: `speaking ${speaking.agent} ${speaking.turn}`, speaking });
    }
  }
  return items;
}

/** The key of a row: an event that is no record has the cursor of one. */
function keyOf({ row, event: { cursor, open, stored } }: Entry): string {
  return open?.id ?? (stored === false ? `${cursor} ${row}` : cursor);
}

function isQuestion(entry: Entry): entry is Question {
  return isDrawn(entry.event, 'agent_question');
}

export function isMessage(entry: Entry): entry is Message {
  return isDrawn(entry.event, 'agent_message');
}

/** Words that are not said yet have no sentiment, and may still change. */
function isWanted({ agent }: Speaking, { agents, types, sentiment, text, field }: Filters): boolean {
  if (types.length > 0 && !types.includes('agent_message')) return false;
  return (
    (agents.length === 0 || agents.includes(agent)) && sentiment === null && text.trim() === '' && !field
  );
}

/** The events of what is shown, one JSON object a line, each with its cursor; the command line reads them again. */
export function exportLines(items: readonly FeedItem[]): string {
  return items
    .flatMap((item) => {
      if (item.kind === 'gap') return [{ event_type: 'stream_gap', data: item.gap }];
      return item.kind === 'speaking' ? [] : [exactly(item.entry.event)];
    })
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

/** An event as the lines of `psyche-events export` have it: `meta` says what of its data is a Date, a Map, a bigint. */
function exactly(event: PageEvent): object {
  const told = Object.entries(event).filter(([, value]) => value !== undefined);
  const { json, meta } = transformer.serialize(Object.fromEntries(told));
  return { ...(json as object), ...(meta !== undefined && { meta }) };
}
