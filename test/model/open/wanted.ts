import type { RefEvent } from './reference.ts';

/** Part of an event that wishes are about. */
type Seen = Pick<RefEvent, 'place'> & { readonly type: string };

/** Wishes of subscribers, as options of a subscription and as they are in the reference. */
const WANTS = [
  { options: {}, wants: (): boolean => true },
  { options: { types: ['viewer', 'note'] }, wants: ({ type }: Seen) => type === 'viewer' || type === 'note' },
  {
    options: { types: ['reply'], filter: { agent_id: 'blue' } },
    wants: ({ type, place }: Seen) => type === 'reply' && place === 'blue',
  },
  {
    options: { types: ['viewer'], filter: { room: 'blue' } },
    wants: ({ type, place }: Seen) => type === 'viewer' && place === 'blue',
  },
  {
    options: { types: ['approval', 'reply'] },
    wants: ({ type }: Seen) => type === 'approval' || type === 'reply',
  },
] as const;

export type Wanted = (typeof WANTS)[number];

export function wantedOf(choice: number): Wanted {
  return WANTS[choice % WANTS.length] ?? WANTS[0];
}

/** The type and place of an event, as subscribers choose by. */
export function seenOf(type: string, data: unknown): Seen {
  const { agent_id, room } = data as { agent_id?: string; room?: string };
  return { type, place: agent_id ?? room ?? '' };
}
