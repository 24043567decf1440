import type { ReactNode } from 'react';
import { useWatching } from '../state/use-watching.ts';

/** Names that are told; of the others only their number. */
const TOLD = 5;

/** A line that says who watches; nothing where nobody is known to. */
export function WhoWatches(): ReactNode {
  const { count, names } = useWatching();
  if (count === 0) return null;
  const more = count - Math.min(names.length, TOLD);
  const told = names.slice(0, TOLD).join(', ');
  const list = names.length > 0 && more > 0 ? `${told} and ${more} more` : told;
  return (
    <p className="bar-figure watching" title={list}>
      <span>
        <b>{count}</b> watching
      </span>
      {list !== '' && (
        <span className="watching-names" dir="auto">
          {list}
        </span>
      )}
    </p>
  );
}
