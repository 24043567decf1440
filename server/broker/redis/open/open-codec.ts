import { createHash } from 'node:crypto';
import { checkedEvent, envelopeText, type LogEntry } from '../../../../shared/log.ts';
import {
  type BegunKind,
  SETTLED_STATES,
  type SettledState,
  type Settlement,
} from '../../../../shared/open/open-part.ts';
import type { NewOpenEvent, OpenEvent, Settling } from '../../open/open-events.ts';
import { decodeId, encodeId, kindText, toEntry } from '../log/record-codec.ts';

/** Letters of the kinds, as scripts know them. */
const LETTERS = { growing: 'g', question: 'q', presence: 'p' } as const;

const BEGUN_KINDS = ['growing', 'question', 'presence'] as const satisfies readonly BegunKind[];
const STATES: readonly SettledState[] = Object.values(SETTLED_STATES).flat();

export function letterOf(kind: BegunKind): string {
  return LETTERS[kind];
}

export function kindOf(letter: string | undefined): BegunKind | undefined {
  return BEGUN_KINDS.find((kind) => LETTERS[kind] === letter);
}

/** Hash of texts that a script compares, none of which it has to know. */
export function hashOf(...texts: readonly (string | undefined)[]): string {
  const known = texts.map((text) => text ?? null);
  return createHash('sha256').update(JSON.stringify(known)).digest('base64url').slice(0, 22);
}

/** An entry in four lines, none of which has a line break. */
export function entryLines(entry: LogEntry): string {
  return [kindText(entry), encodeId(entry.id), entry.json, entry.meta ?? ''].join('\n');
}

/** Reads {@link entryLines}; null if they are malformed. */
export function readEntry(text: string): LogEntry | null {
  const [kind, id, json, meta] = text.split('\n');
  return toEntry(kind, id, json, meta);
}

/** An event as it is begun: its entry in lines, and one for the facts beside it. */
export function eventLines({ entry, by, grows }: Pick<NewOpenEvent, 'entry' | 'by' | 'grows'>): string {
  return `${JSON.stringify({ by, field: grows?.field })}\n${entryLines(entry)}`;
}

/** Reads an event from the state, beginning and text that scripts have of it; null if one of them is malformed. */
export function readEvent(id: string, state: string, begun: string, text: string): OpenEvent | null {
  const [, letter, rev, until, length] = /^\S+ \d+ (\w) (\d+) (\d+) (\d+) \d+$/.exec(state) ?? [];
  const kind = kindOf(letter);
  const [, cursor, line = '', lines = ''] = /^(\S+) \S+\n([^\n]*)\n(.*)$/s.exec(begun) ?? [];
  const [decodedId, entry, facts] = [decodeId(id), readEntry(lines), readFacts(line)];
  if (!kind || cursor === undefined || decodedId === null || !entry || !facts) return null;
  // Redis lost the text, or a part of it.
  if (text.length !== Number(length)) return null;
  const { by, field } = facts;
  return {
    ...{ id: decodedId, kind, entry, cursor, until: Number(until), rev: Number(rev) },
    ...(by !== undefined && { by }),
    ...(field !== undefined && { grows: { field, text } }),
  };
}

/** Reads events of a reply, four values each. Those that are malformed are left out. */
export function readEvents(values: readonly (string | number)[]): OpenEvent[] {
  const events: OpenEvent[] = [];
  for (let at = 0; at + 3 < values.length; at += 4) {
    const [id = '', state = '', begun = '', text = ''] = values.slice(at, at + 4).map(String);
    const event = readEvent(id, state, begun, text);
    if (event) events.push(event);
  }
  return events;
}

/** The facts of an event beside its entry. */
function readFacts(text: string): { by?: string; field?: string } | null {
  try {
    const { by, field }: Record<string, unknown> = JSON.parse(text);
    return { ...(typeof by === 'string' && { by }), ...(typeof field === 'string' && { field }) };
  } catch {
    return null;
  }
}

export function isSettledState(word: string | undefined): word is SettledState {
  return STATES.some((state) => state === word);
}

/** A settlement in lines, but for its id and cursor: state and by, and an answer with its annotations. */
export function settlementLines({ state, by, answer }: Pick<Settling, 'state' | 'by' | 'answer'>): string {
  const answered = answer === undefined ? { json: '', meta: '' } : envelopeText({ answer }, false);
  return [state, JSON.stringify(by ?? ''), answered.json, answered.meta ?? ''].join('\n');
}

/** Reads a settlement as the scripts keep it, behind epoch, owner, token, the cursors of opening and settlement, key and kind. */
export function readSettlement(id: string, kept: string): Settlement {
  const [head = '', word, named = '""', json, meta] = kept.split('\n');
  const state = isSettledState(word) ? word : undefined;
  const cursor = head.split(' ')[4];
  if (!state || cursor === undefined)
    throw new TypeError(`Redis has no settlement of ${id}, but another value`);
  const by: unknown = JSON.parse(named);
  return {
    ...{ id, state, cursor },
    ...(typeof by === 'string' && by !== '' && { by }),
    ...(json && { answer: answerIn({ json, ...(meta && { meta }) }) }),
  };
}

function answerIn(text: Pick<LogEntry, 'json' | 'meta'>): unknown {
  const held = checkedEvent(text);
  return typeof held === 'object' && held !== null && 'answer' in held ? held.answer : undefined;
}
