import type { CSSProperties, ReactNode } from 'react';
import { signed } from '../model/format.ts';

interface SentimentProps {
  score: number;
  label: string;
}

/** A small scale from −1 to 1, the number and the word. */
export function Sentiment({ score, label }: SentimentProps): ReactNode {
  const half = 50 * Math.min(1, Math.abs(score));
  const bar = { left: `${score < 0 ? 50 - half : 50}%`, width: `${half}%` } satisfies CSSProperties;
  return (
    <span className="sentiment" data-label={label}>
      <span className="sentiment-scale" aria-hidden="true">
        <span className="sentiment-bar" style={bar} />
      </span>
      <span className="sentiment-score">{signed(score)}</span> <span>{label}</span>
    </span>
  );
}
