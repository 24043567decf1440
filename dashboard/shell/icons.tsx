import type { ReactNode } from 'react';

const PATHS = {
  play: 'M8 5.5v13l10.5-6.5Z',
  pause: 'M8 5.5v13M16 5.5v13',
  step: 'M6 5.5v13l9-6.5ZM18.5 5.5v13',
  back: 'M18 5.5v13l-9-6.5ZM5.5 5.5v13',
  reset: 'M5 12a7 7 0 1 1 2.1 5M5 18v-5h5',
  search: 'M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12ZM15 15l4.5 4.5',
  download: 'M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19.5h14',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4',
  moon: 'M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5Z',
  system: 'M4 5.5h16v10.5H4ZM9 20h6M12 16v4',
  down: 'M12 5v14m-5.5-5.5L12 19l5.5-5.5',
  alert: 'M12 4.5 20.5 19h-17ZM12 10v4M12 16.5v.4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
