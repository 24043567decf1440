import { type ReactNode, useState } from 'react';
import { excerpt } from '../model/format.ts';

interface LongTextProps {
  text: string;
  /** Default: as an agent's words. */
  className?: string;
}

/** Text that somebody wrote, shown as text whatever is in it. A very long one is cut until the viewer wants all. */
export function LongText({ text, className = 'words' }: LongTextProps): ReactNode {
  const [all, setAll] = useState(false);
  const shown = all ? text : excerpt(text);
  return (
    <>
      <p className={className} dir="auto">
        {shown}
      </p>
      {shown !== text && (
        <button type="button" className="button small show-all" onClick={() => setAll(true)}>
          Show all
        </button>
      )}
    </>
  );
}
