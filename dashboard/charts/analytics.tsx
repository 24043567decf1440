import type { ReactNode } from 'react';
import { clockTime, count, millis } from '../model/format.ts';
import { Figure } from '../shell/figure.tsx';
import { Panel } from '../shell/panel.tsx';
import { useMoment } from '../state/moment.ts';
import { useDelivery } from '../state/use-delivery.ts';
import { clockAheadMs, type StatsSample, useServerStats } from '../state/use-server-stats.ts';
import { ErrorCounts } from './error-counts.tsx';
import { TypeRates } from './type-rates.tsx';
import './analytics.css';

/** How many events there are, and how well they travel. */
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
        <Figure
          name="Delivery p50"
          title="From publishing until it is on this page: by the event’s timestamp and the server’s clock"
          value={delivery ? millis(delivery.p50) : '–'}
        />
        <Figure name="Delivery p99" value={delivery ? millis(delivery.p99) : '–'} />
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
  const { published, received, queueSize, queueLimit, subscribers, listeners, errors } = sample.stats;
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, each) => total + each, 0);
  return (
    <>
      <Figure name="Published" title="By this server since it started" value={count(sum(published))} />
      <Figure name="Handed out" title="To this server’s followers" value={count(sum(received))} />
      <Figure
        name="Queue"
        title={`Publishes in flight; at ${count(queueLimit)} they are refused`}
        value={count(queueSize)}
        bad={queueSize > queueLimit / 2}
      />
      <Figure name="Subscribers" value={count(subscribers)} />
      <Figure name="Listeners" title="Inside the server" value={count(listeners)} />
      <Figure
        name="Errors"
        title="Events refused, failed or malformed, since the server started"
        value={count(sum(errors))}
        bad={sum(errors) > 0}
      />
    </>
  );
}
