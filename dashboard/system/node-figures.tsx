import type { ReactNode } from 'react';
import { numberAt } from '../events.ts';
import { bytes, count, millis, percent } from '../model/format.ts';
import { healthOf } from '../model/health.ts';
import type { Entry } from '../model/log.ts';
import { nodeOf } from '../model/scene.ts';
import { Figure } from '../shell/panel.tsx';

interface NodeFiguresProps {
  entry: Entry<'system_status'>;
  /** True if there are several, so that the name matters. */
  named: boolean;
}

/** The latest figures of a process. What its system does not tell is left out. */
export function NodeFigures({ entry, named }: NodeFiguresProps): ReactNode {
  const { performance_metrics: metrics, active_agents, error_count } = entry.event.data;
  const health = healthOf(entry.event.data);
  const shown = (key: string, format: (value: number) => string): string | null => {
    const value = numberAt(metrics, key);
    return value === null ? null : format(value);
  };
  return (
    <div className="node-figures-group">
      {named && (
        <p className="node-title">
          {nodeOf(entry.event)}{' '}
          <span className="health" data-health={health.tone}>
            {health.words}
          </span>
        </p>
      )}
      <dl className="figures">
        <Figure name="CPU" value={percent(metrics.cpu_percent)} line="persona" />
        <Figure name="Memory" value={percent(metrics.memory_percent)} line="anima_animus" />
        <Figure name="Threads" value={shown('thread_count', count)} />
        <Figure name="Files" value={shown('open_files', count)} />
        <Figure name="Resident" value={shown('rss_bytes', bytes)} />
        <Figure name="Loop p99" value={shown('event_loop_delay_p99_ms', millis)} />
        <Figure name="Agents" value={count(active_agents)} />
        <Figure name="Errors" value={count(error_count)} bad={error_count > 0} />
      </dl>
    </div>
  );
}
