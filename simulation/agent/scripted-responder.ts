import { sleep } from '../../shared/index.ts';
import type { Clock } from '../clock.ts';
import { Dialogue } from '../script/dialogue.ts';
import type { ResponderFactory, ResponseRequest } from './responder.ts';

/** Shares of a turn's time: before anything is said, and while it is said. */
const THINKING = 0.15;
const SPEAKING = 0.5;
const CHUNK_MS = 180;

/**
 * The default responder: a written conversation of the five archetypes that needs no key and no network. It goes from
 * calm into repetition and standstill, breaks open in an emergency, recovers, and begins anew about another dream.
 */
export const scriptedResponder: ResponderFactory = ({ random, clock }) => {
  const dialogue = new Dialogue(random);
  return { respond: (request) => speak(dialogue.say(request), request, clock) };
};

async function* speak(
  text: string,
  { paceMs, signal }: ResponseRequest,
  clock: Clock,
): AsyncGenerator<string> {
  await sleep(clock, paceMs * THINKING, signal);
  const words = text.match(/\S+\s*/g) ?? [];
  const chunks = Math.min(words.length, Math.max(1, Math.round((paceMs * SPEAKING) / CHUNK_MS)));
  for (let i = 0; i < chunks; i++) {
    await sleep(clock, (paceMs * SPEAKING) / chunks, signal);
    yield words.slice((i * words.length) / chunks, ((i + 1) * words.length) / chunks).join('');
  }
}
