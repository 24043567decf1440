import { type ReactNode, useId } from 'react';
import { useMoment } from '../state/moment.ts';

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
