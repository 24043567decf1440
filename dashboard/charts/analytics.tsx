import type { ReactNode } from 'react';
import { clockTime, count, millis, plural } from '../model/format.ts';
import { Figure } from '../shell/figure.tsx';
import { Panel } from '../shell/panel.tsx';
import { useMoment } from '../state/moment.ts';
import { useDelivery } from '../state/use-delivery.ts';
import { clockAheadMs, type StatsSample, useServerStats } from '../state/use-server-stats.ts';
import { ErrorCounts } from './error-counts.tsx';
import { TypeRates } from './type-rates.tsx';
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
  const deliveryAt = useDelivery(clockAheadMs(samples));
  const sample = live ? samples.at(-1) : samples.findLast((each) => each.at <= at);
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
