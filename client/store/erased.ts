import type { AnyCatalog } from '../../shared/catalog.ts';
import type { Gap, PlacedEvent } from './snapshot.ts';

type Placed = Pick<PlacedEvent<string, AnyCatalog>, 'cursor' | 'topic' | 'open' | 'stored'>;

/** Tells if an event was erased, as a gap of that reason says: its place is in the gap, in the same topic, or it is named. */
export function isErased(event: Placed, gap: Gap): boolean {
  if (gap.reason !== 'erased' || event.topic !== gap.topic) return false;
  const { cursor, topic, open, stored } = event;
  if (open && gap.open?.includes(open.id)) return true;
  if (stored === false) return false; // its place may be another's
  // A cursor of several topics has the event's own place behind the topic's name.
  const [epoch, seq] = placeOf(topic === undefined ? cursor : (cursor.split(`~${topic}:`)[1] ?? ''));
  const [of, from] = placeOf(gap.from);
  const runs = gap.runs ?? [[from, placeOf(gap.to)[1]] as const];
  return epoch === of && runs.some(([after, last]) => seq > after && seq <= last);
}

function placeOf(cursor: string): [epoch: string, seq: number] {
  const [epoch = '', seq] = cursor.split(/[:~]/);
  return [epoch, Number(seq)];
}
