import type { ReactNode } from 'react';
import { setTheme, THEMES, type Theme, useTheme } from '../state/theme.ts';
import { Icon } from './icons.tsx';

const ICONS = { system: 'system', light: 'sun', dark: 'moon' } as const;
const NAMES: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' };

/** System → light → dark → system. */
export function ThemeSwitch(): ReactNode {
  const theme = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  const label = `Theme: ${NAMES[theme]}. Change to: ${NAMES[next]}`;
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      onClick={() => setTheme(next)}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
