import { type ReactNode, useState } from 'react';

const LONGEST = 1200;

/** Text that somebody wrote, shown as text whatever is in it. A very long one is cut until the viewer wants all. */
export function LongText({ text }: { text: string }): ReactNode {
  const [all, setAll] = useState(false);
  const isCut = !all && text.length > LONGEST;
  return (
    <>
      <p className="words" dir="auto">
        {isCut ? `${text.slice(0, LONGEST)}…` : text}
      </p>
      {isCut && (
        <button type="button" className="button small" onClick={() => setAll(true)}>
          Show all
        </button>
      )}
    </>
  );
}
