import type { ReactNode } from 'react';
import type { ServerStats } from '../../client/index.ts';
import { clockTime, count, millis, plural } from '../model/format.ts';
import { ratesPerType } from '../model/rates.ts';
import { Figure, Panel } from '../shell/panel.tsx';
import { useMoment } from '../state/moment/moment.ts';
import {
  type StatsSample,
  useClockAheadMs,
  useServerNow,
  useServerStats,
} from '../state/server-stats-provider.tsx';
import { useDelivery } from '../state/use-delivery.ts';

import './analytics.css';

const DELIVERY = [
  {
    part: 'transport',
    name: 'Transport',
    title: 'From publishing until the event reached this page: by its timestamp and the server’s clock',
  },
  { part: 'screen', name: 'Screen', title: 'From then until this page had drawn it' },
] as const;

/** Numbers of events, and the time that they take to arrive. */
export function Analytics(): ReactNode {
  const { live, at, row } = useMoment();
  const samples = useServerStats();
  const deliveryAt = useDelivery(useClockAheadMs());
  const sample = live ? samples.at(-1) : samples.findLast(({ stats }) => Date.parse(stats.now) <= at);
  const delivery = deliveryAt(row);
  return (
    <Panel
      title="Events"
      name="analytics"
      aside={
        sample && (
          <span className="panel-figure">server since {clockTime(Date.parse(sample.stats.startedAt))}</span>
        )
      }
    >
      <TypeRates />
      <dl className="figures">
        {DELIVERY.map(({ part, name, title }) =>
          (['p50', 'p99'] as const).map((percentile) => (
            <Figure
              key={`${part} ${percentile}`}
              name={`${name} ${percentile}`}
              title={title}
              value={delivery ? millis(delivery[part][percentile]) : '–'}
            />
          )),
        )}
        <ServerFigures sample={sample} />
      </dl>
      {sample ? (
        <ErrorCounts errors={sample.stats.errors} />
      ) : (
        <p className="hint">
          {live
            ? 'The server has not answered yet.'
            : 'The server’s figures of that time were not asked for.'}
        </p>
      )}
    </Panel>
  );
}

function ServerFigures({ sample }: { sample: StatsSample | undefined }): ReactNode {
  if (!sample) return null;
  const { published, queueSize, queueLimit, subscribers, listeners, errors } = sample.stats;
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, each) => total + each, 0);
  return (
    <>
      <Figure name="Published" title="By this server since it started" value={count(sum(published))} />
      <Figure
        name="Queue"
        title={`Publishes in flight; at ${count(queueLimit)} they are refused`}
        value={count(queueSize)}
        bad={queueSize > queueLimit / 2}
      />
      <Figure
        name="Subscribers"
        title={`Subscriptions of clients; besides, ${plural(listeners, 'listener')} inside the server`}
        value={count(subscribers)}
      />
      <Figure
        name="Errors"
        title="Events refused, failed or malformed, since the server started"
        value={count(sum(errors))}
        bad={sum(errors) > 0}
      />
    </>
  );
}

const NAMES: Readonly<Record<keyof ServerStats['errors'], string>> = {
  invalid: 'invalid',
  overloaded: 'overloaded',
  unavailable: 'unavailable',
  listener: 'in listeners',
  malformed: 'malformed',
};

/** Errors of the server, kind by kind; nothing when there are none. */
function ErrorCounts({ errors }: { errors: ServerStats['errors'] }): ReactNode {
  const kinds = (Object.keys(NAMES) as (keyof ServerStats['errors'])[]).filter((kind) => errors[kind] > 0);
  if (kinds.length === 0) return null;
  return (
    <p className="errors">
      Errors: {kinds.map((kind) => `${count(errors[kind])} ${NAMES[kind]}`).join(', ')}
    </p>
  );
}

const WINDOW_MS = 60_000;

/** Each type of event: how many a second over the last minute, or since the first one, and how many this page has. */
function TypeRates(): ReactNode {
  const { scene, live, at } = useMoment();
  const now = useServerNow(1000, live);
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
