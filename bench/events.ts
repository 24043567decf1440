/** The seed's `agent_message`, as a peer with no schema of its own sends it. */
export interface AgentMessage {
  event_type: 'agent_message';
  timestamp: string;
  data: {
    agent_id: string;
    agent_type: string;
    message: string;
    sentiment: { score: number; label: 'positive' };
    metadata: { interaction_count: number; has_memory: boolean };
  };
}

/** Numbers start here, so that every event of a run has as many digits, and bytes, as the next. */
const FIRST_NUMBER = 1_000_000;
/** Makes a tracked tRPC frame of the event 437 bytes long, WebSocket header included. */
const MESSAGE_CHARS = 64;

const WORDS =
  'I believe we should explore what this pattern protects before anyone tries to change it because the group keeps returning to one memory and calls it evidence while another voice stays silent afraid of being heard'.split(
    ' ',
  );

/** Event number `index` of a run, with a message of `chars` characters. Texts differ from one event to the next, as they would, or compression would flatter itself. */
export function agentMessage(index: number, chars = MESSAGE_CHARS): AgentMessage {
  return {
    event_type: 'agent_message',
    timestamp: new Date().toISOString(),
    data: {
      agent_id: `agent_${10 + (index % 40)}`,
      agent_type: 'CognitivePsychologist',
      message: words(index, chars),
      sentiment: { score: Number(`0.${1001 + (index % 8000)}`), label: 'positive' },
      metadata: { interaction_count: FIRST_NUMBER + index, has_memory: true },
    },
  };
}

/** A piece of text as long as `chars`, which has the number of an event. */
export function pieceOf({ data: { message, metadata } }: AgentMessage, chars: number): string {
  const words = `${message} `.repeat(1 + Math.floor(chars / message.length));
  return `interaction_count:${metadata.interaction_count} ${words}`.slice(0, chars);
}

/** A reply as a language model gives it: so many tokens of four or five characters. */
export function tokensOf(count: number): string[] {
  const text = words(1, 5 * count);
  // Nine characters are two tokens.
  return Array.from({ length: count }, (_, n) => text.slice(Math.floor(4.5 * n), Math.floor(4.5 * (n + 1))));
}

/** Topics of a run, in as many groups: event number `index` is published to topic `index % count`. */
export interface Topics {
  readonly count: number;
  /** A subscriber follows one group; `group-3.*` is the pattern of a group with several topics. */
  readonly groups: number;
}

/** The topic of event number `index`. */
export function topicOf(index: number, { count, groups }: Topics): string {
  const topic = index % count;
  return `group-${topic % groups}.${topic}`;
}

/** The numbers of the events in a text, in the order they stand in it: 0 for the first of a run. */
export function eventNumbers(text: string): number[] {
  return [...text.matchAll(/interaction_count"?:(\d+)/g)].map((match) => Number(match[1]) - FIRST_NUMBER);
}

/** A sentence of `chars` characters; a small linear congruential generator picks its words, the same ones in every run. */
function words(seed: number, chars: number): string {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  let text = '';
  while (text.length < chars) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += `${WORDS[(state >>> 8) % WORDS.length]} `;
  }
  return text.slice(0, chars);
}
