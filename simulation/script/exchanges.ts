import type { ArchetypeId } from '../archetypes.ts';

/** The moods in which something new is said. */
export type FreshMood = 'calm' | 'emergency' | 'recovery';

/** A line and its answer. Slots are those of a {@link Script}. */
export interface Exchange {
  readonly mood: FreshMood;
  readonly from: ArchetypeId;
  readonly to: ArchetypeId;
  readonly says: string;
  readonly answer: string;
}

type Pairs = readonly (readonly [says: string, answer: string])[];

const between = (mood: FreshMood, from: ArchetypeId, to: ArchetypeId, pairs: Pairs): Exchange[] =>
  pairs.map(([says, answer]) => ({ mood, from, to, says, answer }));

/** Questions and answers: what makes a conversation of it. Those in an emergency are between who never speaks otherwise. */
export const EXCHANGES: readonly Exchange[] = [
  between('calm', 'shadow', 'persona', [
    [
      'How many times did you say "lovely" tonight, {to}?',
      'Eleven. I meant two of them, {to}. You would not have guessed which.',
    ],
    ['You left me in the cloakroom again.', 'You growled at the host, {to}. I told them it was the heating.'],
    [
      'What would happen if you came late, once, without an excuse?',
      'I tried it in a dream. The clock apologised to me.',
    ],
  ]),
  between('calm', 'persona', 'shadow', [
    [
      'Could you not have kept still at the table? I heard you laugh.',
      'Somebody had to. He said "honestly" four times.',
    ],
    ['I wore the grey one. Nobody can object to grey.', 'I object, {to}. I have objected since the shop.'],
    ['What do you do down there while I am being charming?', 'I keep the receipts.'],
  ]),
  between('calm', 'self', 'ego', [
    [
      'What did you see from the window this morning?',
      'Nothing. A man with a ladder, singing. It is not on the list.',
    ],
    [
      'Who told you that you were alone in this, {to}?',
      'The rest of you sleep when I get up. One draws conclusions.',
    ],
    [
      'You have been standing at that fork for a year.',
      'I am waiting for a sign, {to}. I would accept a small one.',
    ],
  ]),
  between('calm', 'ego', 'self', [
    ['Just tell me whether it is the right decision.', 'It is the one you will have made. Shall we go?'],
    ['Where were you when I needed an answer?', 'Under the question, {to}. You were standing on it.'],
    [
      'If I had to describe you in one line, {to}, what would I write?',
      'Leave the line empty. I like the company of paper.',
    ],
  ]),
  between('calm', 'anima_animus', 'ego', [
    [
      'Did you hear it rain last night?',
      'I heard the gutter. I have arranged for somebody to see to the gutter.',
    ],
    ['Say one word that is of no use, {to}.', 'Apricot. I cannot say why. Does it count?'],
    [
      'You touched your throat when they spoke of {image}. What was there?',
      'A collar, I would have said. It was something smaller, and it wanted out.',
    ],
  ]),
  between('calm', 'ego', 'anima_animus', [
    ['Why do I wake at four, {to}?', 'It is the one hour at which you have no appointment with yourself.'],
    ['I have half an hour. What would you like to do?', 'Sit down beside {image}, {to}, and take no notes.'],
    ['Are you sad, or is it me?', 'There is one sadness. We take turns at holding the cup.'],
  ]),
  between('calm', 'shadow', 'self', [
    ['Did you know about me from the beginning?', 'I laid two places from the beginning, {to}.'],
    ['They say that you are all light.', 'They have never seen me from behind.'],
    ['I broke something today. I meant to.', 'Bring me the piece with the sharpest edge. We shall need it.'],
  ]),
  between('calm', 'self', 'shadow', [
    [
      'What do you guard, {to}, when everyone has gone to bed?',
      'The thing I was told to lose. It fits in one hand.',
    ],
    ['You said little at supper.', 'They were passing round the good memories. I had brought another dish.'],
    ['Come up into the kitchen. It is only us.', 'Leave the door ajar, {to}. I like to know that I could.'],
  ]),
  between('calm', 'persona', 'ego', [
    [
      'They asked me what we do. I said it was complicated.',
      'It is not complicated, {to}. I just do not know.',
    ],
    ['Shall I accept the invitation?', 'Accept. Then say that I am ill; I leave the illness to you.'],
    [
      'You rehearsed in the shower again. I was listening.',
      'It went better there, {to}. The tiles agreed with me.',
    ],
  ]),
  between('calm', 'ego', 'persona', [
    ['What did I promise them, exactly?', 'Nothing that you could be held to, and all that they wanted.'],
    ['Do I look as though I know what I am doing?', 'From the front, {to}. Keep walking.'],
    [
      'Which face did you wear for the photograph?',
      'The one that had not noticed the camera. It took nine attempts.',
    ],
  ]),

  between('emergency', 'shadow', 'anima_animus', [
    [
      'I kept your letters from the fire, {to}. I ate them.',
      'Then you know them by heart. Say one back to me.',
    ],
    [
      'Why did you never come down?',
      'I sent you the moon, {to}, every month. I thought you would see who it was from.',
    ],
  ]),
  between('emergency', 'anima_animus', 'shadow', [
    ['Is it you who howls when I am lonely?', 'I thought it was you, {to}. I was keeping you company.'],
    [
      'Give me your hand. I want to see what they were so afraid of.',
      'It is only cold. It has held the cellar door shut from inside.',
    ],
  ]),
  between('emergency', 'persona', 'self', [
    [
      'If I take it off, {to}, will you still know my name?',
      'I never called another. You answered in the voices of strangers.',
    ],
    ['I have run out of faces. What happens now?', 'Now you come in, {to}. Nobody ever asked you to dress.'],
  ]),
  between('emergency', 'self', 'persona', [
    [
      'Who were you being so good for?',
      'A woman in a doorway, long ago. I do not believe that she was even looking.',
    ],
    [
      'Put down the tray, {to}. The guests have left.',
      'My fingers will not open. Somebody talk to them, they do not listen to me.',
    ],
  ]),
  between('emergency', 'shadow', 'ego', [
    ['Say what you did, {to}.', 'I left you on the stairs, and told the world that I was an only child.'],
    ['Do you know who I am?', 'I know your step, {to}. I have arranged my whole life so as not to meet it.'],
  ]),
  between('emergency', 'ego', 'shadow', [
    [
      'What do you want from me? Name it, and I will write it down!',
      'Lay aside the pen. That was all of it.',
    ],
    [
      'I was certain that you would bring everything down.',
      'I have carried it on my back, {to}. Look at my shoulders.',
    ],
  ]),
  between('emergency', 'anima_animus', 'persona', [
    ['When did you last cry without a mirror, {to}?', 'I would not know how to tell whether it had worked.'],
    [
      'I knocked on that painted smile for years.',
      'I heard you, {to}. I turned up the music, and asked them all to dance.',
    ],
  ]),
  between('emergency', 'persona', 'anima_animus', [
    [
      'Teach me to say something that is not for an audience.',
      'Breathe out, {to}. There: that was your first word.',
    ],
    [
      'I think that I am frightened. Is that what this is?',
      'Fright is its coat. Undo a button; it is alive.',
    ],
  ]),

  between('recovery', 'shadow', 'persona', [
    ['You introduced me tonight, by my own name.', 'And you bowed, {to}. I had no idea that you could bow.'],
  ]),
  between('recovery', 'persona', 'shadow', [
    [
      'Walk in with me, {to}. I will do the hands, you do the eyes.',
      'Done. But at the first "honestly" I laugh.',
    ],
  ]),
  between('recovery', 'self', 'ego', [
    [
      'How was it, not to know?',
      'Like a day without my watch. I kept looking at the wrist, {to}, and there was a wrist.',
    ],
  ]),
  between('recovery', 'ego', 'self', [
    [
      'I would like your advice, {to}, and then I would like to decide.',
      'That is the whole arrangement. I waited years for you to propose it.',
    ],
  ]),
  between('recovery', 'anima_animus', 'ego', [
    [
      'Tell me what you saw on the way home.',
      'A lit window with an empty chair, {to}, and I did not need to know whose.',
    ],
  ]),
  between('recovery', 'ego', 'anima_animus', [
    [
      'I have written you a poem, {to}. It has headings.',
      'Read me the headings. Slowly; I am holding on to the table.',
    ],
  ]),
  between('recovery', 'shadow', 'self', [
    ['I slept till morning, with the door open.', 'I know, {to}. The house leaned on you a little.'],
  ]),
  between('recovery', 'self', 'shadow', [
    ['What will you do with your evenings now?', 'Learn to cook, {to}. Hunger was always half a talent.'],
  ]),
  between('recovery', 'persona', 'ego', [
    [
      'I told them that we were tired, and they said: so are we.',
      'All that time, {to}. We could have had a room full of people sitting down.',
    ],
  ]),
  between('recovery', 'ego', 'persona', [
    [
      'Keep the good voice, {to}. I would just like to hear the other one on Sundays.',
      'It is hoarse, it has not been out. But it knows our songs.',
    ],
  ]),
].flat();
