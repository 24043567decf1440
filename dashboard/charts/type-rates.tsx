import type { ReactNode } from 'react';
import { count } from '../model/format.ts';
import { ratesPerType } from '../model/rates.ts';
import { useMoment } from '../state/moment.ts';
import { useNow } from '../state/use-now.ts';

const WINDOW_MS = 60_000;

/** Each type of event: how many a second over the last minute, or since the first one, and how many this page has. */
export function TypeRates(): ReactNode {
  const { scene, live, at } = useMoment();
  const now = useNow(1000, live);
  const rates = [...ratesPerType(scene.entries, live ? now : at, WINDOW_MS)].sort(
    ([, a], [, b]) => b.total - a.total,
  );
  const fastest = Math.max(0.001, ...rates.map(([, { rate }]) => rate));
  if (rates.length === 0) return <p className="hint">No events yet.</p>;
  return (
    <table className="rates">
      <thead>
        <tr>
          <th scope="col">Type</th>
          <th scope="col" colSpan={2} title="Over the last minute, or since the first event that is here">
            per second
          </th>
          <th scope="col">on this page</th>
        </tr>
      </thead>
      <tbody>
        {rates.map(([type, { rate, total }]) => (
          <tr key={type} data-type={type} data-total={total}>
            <th scope="row">{type}</th>
            <td className="rate-cell">
              <span className="rate-bar" style={{ width: `${(100 * rate) / fastest}%` }} />
            </td>
            <td>{rate.toFixed(2)}</td>
            <td>{count(total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
