import type { ReactNode } from 'react';

interface FigureProps {
  name: string;
  /** Null: not known; then there is no figure. */
  value: string | null;
  bad?: boolean;
  title?: string;
  /** The agent whose colour its line over time has. */
  line?: string;
}

/** A number and what it is. */
export function Figure({ name, value, bad = false, title, line }: FigureProps): ReactNode {
  if (value === null) return null;
  return (
    <div className="figure" data-bad={bad} title={title}>
      <dt>
        {line !== undefined && <span className="swatch" data-agent={line} aria-hidden="true" />}
        {name}
      </dt>
      <dd>{value}</dd>
    </div>
  );
}
