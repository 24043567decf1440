import type { ReactNode } from 'react';

/** Room for a long table. What scrolls must be reachable by keyboard. */
export function TableScroll({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className="table-scroll" aria-label={name} tabIndex={0}>
      <table>{children}</table>
    </section>
  );
}
