import type { ReactNode } from 'react';

interface FigureProps {
  name: string;
  /** Null: not known; then there is no figure. */
  value: string | null;
  bad?: boolean;
  title?: string;
}

/** A number and what it is. */
export function Figure({ name, value, bad = false, title }: FigureProps): ReactNode {
  if (value === null) return null;
  return (
    <div className="figure" data-bad={bad} title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
