import type { ResponseRequest } from '../agent/responder.ts';
import { ARCHETYPE_IDS, ARCHETYPES } from '../archetypes.ts';

/** Messages that a model is shown. */
const REMEMBERED = 12;

/** The prompt that makes a language model speak as one of the five. */
export interface Prompt {
  readonly system: string;
  readonly prompt: string;
}

export function promptFor({ from, to, mode, heard, stimulus }: ResponseRequest): Prompt {
  const names = ARCHETYPE_IDS.map(nameOf).join(', ');
  const system = [
    characterOf(from),
    `You are one of five voices of one psyche in conversation: ${names}. You are ${nameOf(from)}, and you speak to ${nameOf(to)}.`,
    'Answer with what you say and nothing else: one or two sentences, at most forty words, plain text, no name before it, no stage directions, no quotation marks.',
    'Answer what was said last. Never repeat what you or another has said.',
    ...(mode === 'emergency'
      ? ['The conversation has gone round in circles, and now it breaks open. Say what has never been said.']
      : []),
  ];
  const lines = heard
    .slice(-REMEMBERED)
    .map((message) => `${nameOf(message.from)} to ${nameOf(message.to)}: ${message.text}`);
  if (stimulus !== null) lines.push(`Someone outside says to all of you: ${stimulus}`);
  if (lines.length === 0) lines.push('(Nobody has spoken yet. Begin.)');
  return { system: system.join('\n\n'), prompt: [...lines, `${nameOf(from)} to ${nameOf(to)}:`].join('\n') };
}

function nameOf(id: string): string {
  return archetypeOf(id)?.type ?? id;
}

function characterOf(id: string): string {
  return archetypeOf(id)?.character ?? `You are ${id}.`;
}

function archetypeOf(id: string) {
  return Object.values(ARCHETYPES).find((archetype) => archetype.id === id);
}
