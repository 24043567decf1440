import type { ArchetypeId } from '../archetypes.ts';

/** A question to whoever watches, and the answers that it offers: words that are said to all five. */
export interface ScriptedQuestion {
  readonly question: string;
  readonly choices: readonly string[];
}

/** Questions of each archetype to whoever watches. */
export const QUESTIONS: Readonly<Record<ArchetypeId, readonly ScriptedQuestion[]>> = {
  shadow: [
    {
      question: 'You out there: which of us are you afraid of?',
      choices: ['The one who is angry', 'The one who smiles', 'None of you'],
    },
    {
      question: 'You have watched long enough. Shall I say it out loud?',
      choices: ['Say it', 'Not yet'],
    },
    {
      question: 'Somebody has to let me in. Will you?',
      choices: ['The door is open', 'Knock first', 'Who are you?'],
    },
  ],
  persona: [
    {
      question: 'How do we look from where you sit?',
      choices: ['Tired', 'Rehearsed', 'More honest than before'],
    },
    {
      question: 'Before I go on: shall I keep the face on?',
      choices: ['Keep it on', 'Take it off'],
    },
    {
      question: 'You must have a face for visitors too. What is behind it?',
      choices: ['Somebody younger', 'Nobody, some days', 'A whole house'],
    },
  ],
  anima_animus: [
    {
      question: 'Close your eyes. What do you see first?',
      choices: ['Water', 'A door', 'A face I know'],
    },
    {
      question: 'Do we stay with the grief, or do we go on?',
      choices: ['Stay a little', 'Go on'],
    },
    {
      question: 'What would you have us bring up from down there?',
      choices: ['A letter', 'A song', 'Whatever is heaviest'],
    },
  ],
  self: [
    {
      question: 'You who watch: what is this quarrel for?',
      choices: ['To be heard', 'To stay the same', 'To begin again'],
    },
    {
      question: 'Is it time to be quiet for a while?',
      choices: ['Yes, be quiet', 'No, go on'],
    },
    {
      question: 'One of us has not been heard. Who?',
      choices: ['The Shadow', 'The Persona', 'The Ego'],
    },
  ],
  ego: [
    {
      question: 'I am making a list. What comes first?',
      choices: ['Sleep', 'The truth', 'Breakfast'],
    },
    {
      question: 'Somebody must decide, and it is usually me. Shall we turn back?',
      choices: ['Turn back', 'Go further in'],
    },
    {
      question: 'Be honest: do you think that we will manage?',
      choices: ['You always have', 'Not like this', 'Ask for help'],
    },
  ],
};
