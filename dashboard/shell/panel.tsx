import { type ReactNode, useId } from 'react';
import { useMoment } from '../state/moment/moment.ts';

interface PanelProps {
  title: string;
  /** Names it in style sheets. */
  name: string;
  /** At the other end of the title's line. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of the page with a heading. */
export function Panel({ title, name, aside, children }: PanelProps): ReactNode {
  const id = useId();
  const { scene } = useMoment();
  return (
    <section
      className={`panel ${name}`}
      aria-labelledby={id}
      data-cursor={scene.entries.at(-1)?.event.cursor}
    >
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

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

/** Room for a long table. What scrolls must be reachable by keyboard. */
export function TableScroll({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className="table-scroll" aria-label={name} tabIndex={0}>
      <table>{children}</table>
    </section>
  );
}
