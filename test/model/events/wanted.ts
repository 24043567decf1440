import { isDeepStrictEqual } from 'node:util';
import type { SubscribeOptions } from '../../../server/index.ts';
import type { EventToPublish, PsycheCatalog } from '../../../shared/index.ts';
import { agentMessage, systemStatus } from '../../support/events.ts';

type Name = 'agent_message' | 'network_update' | 'system_status';
type Selection = Pick<SubscribeOptions<Name, PsycheCatalog>, 'types' | 'filter'>;

/** Event `n`: of every three, two messages, of which every second is a sad one, and a status. */
export function eventOf(n: number): EventToPublish<PsycheCatalog> {
  if (n % 3 === 0) return { event_type: 'system_status', data: systemStatus(n % 100) };
  const data = agentMessage(n);
  return {
    event_type: 'agent_message',
    data: { ...data, sentiment: { ...data.sentiment, score: score(n) } },
  };
}

/** Tells if an event is event `n`, in the newest version. */
export function isEvent(n: number, { event_type, data }: { event_type: string; data: unknown }): boolean {
  const expected = eventOf(n);
  return expected.event_type === event_type && isDeepStrictEqual(expected.data, data);
}

/** Mood of message `n`. */
export const score = (n: number): number => (n % 2 === 0 ? -0.5 : 0.5);
/** Tells if event `n` is a status. */
export const isStatus = (n: number): boolean => n % 3 === 0;

interface Wanted {
  readonly options: Selection;
  /** The same, said of the number of an event. */
  matches(n: number): boolean;
}

/** Choices of a subscriber, each with its records of the reference. */
export const WANTED: readonly [Wanted, ...Wanted[]] = [
  { options: {}, matches: () => true },
  { options: { types: ['agent_message'] }, matches: (n) => !isStatus(n) },
  { options: { types: ['system_status'] }, matches: isStatus },
  {
    options: { types: ['agent_message'], filter: { 'sentiment.score': { lt: 0 } } },
    matches: (n) => !isStatus(n) && score(n) < 0,
  },
  { options: { types: ['network_update'] }, matches: () => false },
];

export function wantedOf(index: number): Wanted {
  return WANTED[index] ?? WANTED[0];
}
