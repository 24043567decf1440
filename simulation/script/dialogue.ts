import type { ResponseRequest } from '../agent/responder.ts';
import { ARCHETYPE_IDS, ARCHETYPES, type ArchetypeId } from '../archetypes.ts';
import type { Random } from '../random.ts';
import { animaAnimus } from './anima-animus.ts';
import { type Arc, beginArc, nextArc } from './arc.ts';
import { Deck } from './deck.ts';
import { ego } from './ego.ts';
import { persona } from './persona.ts';
import type { Mood, Script } from './script.ts';
import { self } from './self.ts';
import { shadow } from './shadow.ts';
import { SmallTalk } from './small-talk.ts';
import { Voice } from './voice.ts';

export const SCRIPTS: Readonly<Record<ArchetypeId, Script>> = {
  shadow,
  persona,
  anima_animus: animaAnimus,
  self,
  ego,
};

/** Characters of a stimulus that are quoted. */
const LONGEST_QUOTE = 60;

/** The written conversation of one run: who says what comes from the texts, the run's chance, and the network's mode. */
export class Dialogue {
  readonly #random: Random;
  readonly #voices: ReadonlyMap<ArchetypeId, Voice>;
  readonly #smallTalk: SmallTalk;
  readonly #dreams: Deck<Dream>;
  readonly #names: Readonly<Record<ArchetypeId, string>>;
  #arc: Arc;
  #dream: Dream;

  constructor(random: Random) {
    this.#random = random;
    this.#voices = new Map(ARCHETYPE_IDS.map((id) => [id, new Voice(SCRIPTS[id], random)]));
    this.#smallTalk = new SmallTalk(random);
    this.#dreams = new Deck(DREAMS, random);
    this.#names = {
      shadow: ARCHETYPES.shadow.type,
      persona: ARCHETYPES.persona.type,
      anima_animus: random.pick(['Anima', 'Animus']),
      self: ARCHETYPES.self.type,
      ego: ARCHETYPES.ego.type,
    };
    this.#arc = beginArc(random);
    this.#dream = this.#dreams.deal();
  }

  get mood(): Mood {
    return this.#arc.mood;
  }

  /** Makes the next line. @throws TypeError when speaker or listener is not one of the five archetypes */
  say({ from, to, mode, stimulus, heard }: ResponseRequest): string {
    const speaker = archetype(from);
    const listener = archetype(to);
    const voice = this.#voices.get(speaker);
    if (!voice) throw new TypeError(`The script has no voice for ${from}`);
    const opening = heard.length < ARCHETYPE_IDS.length - 1;
    const { mood } = this.#arc;
    this.#arc = nextArc(this.#arc, mode, this.#random);
    if (mood === 'recovery' && this.#arc.mood === 'calm') this.#dream = this.#dreams.deal();
    return fill(this.#line({ from: speaker, to: listener, voice, asked: stimulus !== null, opening }), {
      ...this.#dream,
      to: this.#names[listener],
      stimulus: quoted(stimulus ?? ''),
    });
  }

  #line({ from, to, voice, asked, opening }: Turn): string {
    if (asked) {
      this.#smallTalk.interrupt();
      return voice.answer();
    }
    const { mood } = this.#arc;
    voice.enter(mood);
    const answer = this.#smallTalk.answer(mood, from, to);
    // At first everybody speaks once: who is asked something then could not answer.
    const question = answer ?? (opening ? undefined : this.#smallTalk.open(mood, from, to));
    return question ?? voice.line(mood, to);
  }
}

interface Turn {
  from: ArchetypeId;
  to: ArchetypeId;
  voice: Voice;
  /** True if there is something to answer from outside. */
  asked: boolean;
  opening: boolean;
}

/** The beginning of a long text: five answers that quote all of it would be a conversation that stagnates. */
function quoted(text: string): string {
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE).replace(/\s+\S*$/, '')}…`;
}

function archetype(id: string): ArchetypeId {
  const found = ARCHETYPE_IDS.find((known) => known === id);
  if (!found)
    throw new TypeError(
      `The script has lines for ${ARCHETYPE_IDS.join(', ')}, and none for ${id}. Pass a responder of your own.`,
    );
  return found;
}

/** A line with its slots filled. A name or image that begins a sentence gets its capital. */
export function fill(line: string, slots: Readonly<Record<string, string>>): string {
  return line.replace(/([.?!] )?\{(\w+)\}/g, (_, end: string | undefined, slot: string, offset: number) => {
    const value = slots[slot];
    if (value === undefined)
      throw new TypeError(`The line ${JSON.stringify(line)} has an unknown slot {${slot}}`);
    const begins = end !== undefined || offset === 0;
    return (end ?? '') + (begins ? capitalised(value) : value);
  });
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The subject of a conversation: an image that all five know, and something in it that nobody can explain. */
export interface Dream {
  readonly image: string;
  readonly detail: string;
}

export const DREAMS: readonly Dream[] = [
  { image: 'the flooded house', detail: 'the water on the third stair' },
  { image: 'the locked room', detail: 'the light under the door' },
  { image: 'the letter we never sent', detail: 'the stamp gone yellow' },
  { image: 'the black dog at the gate', detail: 'the red thread round its neck' },
  { image: 'the empty theatre', detail: 'the one lamp left on the stage' },
  { image: 'the bridge at night', detail: 'the shoe on the railing' },
  { image: 'the burnt orchard', detail: 'the single tree in blossom' },
  { image: 'the stranger in the mirror', detail: 'the half-second before it smiled' },
  { image: 'the train we missed', detail: 'the coat left on the platform' },
  { image: 'the well in the garden', detail: 'the voice that answered first' },
  { image: 'the drowned piano', detail: 'the one key that still sounded' },
  { image: 'the unlit staircase', detail: 'the thirteenth step' },
];
