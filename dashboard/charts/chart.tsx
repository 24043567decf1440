import { lazy, type ReactNode, Suspense } from 'react';
import type { PlotProps } from './plot-style.ts';

const Plot = lazy(async () => {
  nameALanguage();
  const { Plot: loaded } = await import('./plot.tsx');
  return { default: loaded };
});

/** A chart. What draws it comes after the rest of the page; its place is kept. */
export function Chart(props: PlotProps): ReactNode {
  return (
    <Suspense fallback={<div style={{ height: props.height }} />}>
      <Plot {...props} />
    </Suspense>
  );
}

/**
 * uPlot asks for the browser's language as it is loaded, and some systems name one that Intl refuses: `en-US@posix`,
 * for example.
 */
function nameALanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
  }
}
