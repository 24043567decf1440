import { numberAt } from '../events.ts';
import { statusOf } from './answers.ts';
import { countUpTo, type Entry, type Log, rowOf } from './log.ts';

/** An answer that is being given at a moment. */
export interface Speaking {
  readonly agent: string;
  readonly name: string;
  readonly to: string;
  readonly turn: number;
  /** The words of it that were said so far. */
  readonly text: string;
}

type Message = Entry<'agent_message'>;
type Answer = Entry<'agent_processing'>;

/** An answer of which nobody has heard for so long, on the timeline, has been given up; one that is open has not. */
const SPEAKING_MS = 30_000;
/** An answer of the past is looked for at messages that came within this time after the moment, ms on the timeline. */
const LONGEST_ANSWER_MS = 60_000;
/** Characters without a space that count as a word. */
const LONGEST_WORD = 16;
/** Answers on each side of a message among which its own is looked for. */
const NEARBY = 8;

/** Agents that have begun to answer, and whose message has not come yet. */
export function speakingAt(
  answers: readonly Answer[],
  messages: readonly Message[],
  clock: number,
): Speaking[] {
  /** Agents of the messages after an answer. Answers are looked at from the last one back, and so are messages. */
  const spoken = new Set<string>();
  let next = messages.length - 1;
  const latest = new Map<string, Speaking | null>();
  for (let index = answers.length - 1; index >= 0; index--) {
    const entry = answers[index];
    if (!entry) break;
    const { data, open } = entry.event;
    if (latest.has(data.agent_id)) continue;
    if (open?.state !== 'open' && clock - entry.clock > SPEAKING_MS) continue;
    for (let said = messages[next]; said && said.row > entry.row; said = messages[--next]) {
      spoken.add(said.event.data.agent_id);
    }
    const status = statusOf(entry.event);
    const isSpeaking = (status === 'started' || status === 'update') && !spoken.has(data.agent_id);
    latest.set(data.agent_id, isSpeaking ? speaking(entry, data.text) : null);
  }
  return [...latest.values()].filter((found) => found !== null).reverse();
}

/**
 * Answers that were being given at a moment of the past and are done by now, with the words that were said by then. The log has
 * such an answer as one event with all of its words; these are taken to have come evenly, from its beginning to its message.
 */
export function spokenAt({ byType }: Pick<Log, 'byType'>, row: number, clock: number): Speaking[] {
  const { agent_message: messages, agent_processing: answers } = byType;
  const spoken = new Map<string, Speaking | null>();
  for (let index = countUpTo(messages, row, rowOf); index < messages.length; index++) {
    const message = messages[index];
    if (!message || message.clock - clock > LONGEST_ANSWER_MS) break;
    const { agent_id: agent } = message.event.data;
    if (!spoken.has(agent)) spoken.set(agent, wordsOf(message, answers, clock));
  }
  return [...spoken.values()].filter((found) => found !== null);
}

/** The words of a message that were said by a moment; null if that is not known, or its answer had not begun. */
function wordsOf(message: Message, answers: readonly Answer[], clock: number): Speaking | null {
  const { agent_id, metadata } = message.event.data;
  const turn = numberAt(metadata, 'turn');
  if (turn === null) return null;
  const next = countUpTo(answers, message.row, rowOf);
  const answer = answers
    .slice(Math.max(0, next - NEARBY), next + NEARBY)
    .find(
      ({ event: { data, open } }) =>
        open?.state === 'done' && data.agent_id === agent_id && data.turn === turn,
    );
  if (!answer) return null;
  const begunAt = beginningOf(answer, message);
  const share = (clock - begunAt) / Math.max(1, message.clock - begunAt);
  return share < 0 ? null : speaking(answer, firstWords(answer.event.data.text, share));
}

/** The place of an answer's beginning on the timeline: its own if the page was there, else as its message tells it. */
function beginningOf(answer: Answer, message: Message): number {
  const isKnown = answer.row < message.row && answer.at < message.at;
  return isKnown ? answer.clock : message.clock - (numberAt(message.event.data.metadata, 'latency_ms') ?? 0);
}

/**
 * A share of a text, 0 to 1, without the word in the midst of which it ends. Only so much before the end is looked at as a word
 * has characters: an answer may be anything, and in a language without spaces it is one word.
 */
function firstWords(text: string, share: number): string {
  if (share >= 1) return text;
  const end = Math.floor(share * text.length);
  const [begun = ''] = /\S*$/.exec(text.slice(Math.max(0, end - LONGEST_WORD), end)) ?? [];
  if (begun.length < LONGEST_WORD) return text.slice(0, end - begun.length).trimEnd();
  const isWithinPair = (text.codePointAt(end - 1) ?? 0) > 0xffff;
  return text.slice(0, isWithinPair ? end - 1 : end);
}

function speaking({ event: { data } }: Answer, text: string): Speaking {
  const { agent_id: agent, agent_type: name, to, turn } = data;
  return { agent, name, to, turn, text };
}
