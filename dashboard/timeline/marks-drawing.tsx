import { memo, type ReactNode } from 'react';
import type { TimelineMarks } from './marks.ts';

interface MarksProps {
  marks: TimelineMarks;
  /** The moment's place, 0 to 1. */
  place: number;
}

/** Drawing of events over time, below the slider. Hidden from screen readers, to which the conversation says the same. */
export function MarksDrawing({ marks, place }: MarksProps): ReactNode {
  return (
    <svg className="marks" viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">
      <Still marks={marks} />
      <rect
        className="marks-future"
        x={place * 1000}
        y="0"
        width={Math.max(0, 1000 - place * 1000)}
        height="40"
      />
    </svg>
  );
}

const Still = memo(function Still({ marks }: { marks: TimelineMarks }): ReactNode {
  const { bars, emergencies, errors, gaps } = marks;
  const width = 1000 / bars.length;
  return (
    <>
      {emergencies.map(({ from, to }) => (
        <rect
          key={from}
          className="marks-emergency"
          x={from * 1000}
          y="0"
          width={Math.max(2, (to - from) * 1000)}
          height="40"
        />
      ))}
      <path
        className="marks-bars"
        d={`M0 40${bars.map((bar, index) => `L${(index + 0.5) * width} ${38 - bar * 26}`).join('')}L1000 40Z`}
      />
      {gaps.map((gap) => (
        <path key={gap} className="marks-gap" d={`M${gap * 1000} 0V40`} />
      ))}
      {errors.map((error) => (
        <path key={error} className="marks-error" d={`M${error * 1000} 0V12`} />
      ))}
    </>
  );
});
