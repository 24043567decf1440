import { type ReactNode, useState } from 'react';
import { plainPart, textOf } from '../model/format.ts';
import './json-tree.css';

/** Entries of one list or object that are shown at first. */
const SHOWN = 100;

interface JsonTreeProps {
  /** Its name or index in the value around it; none for the whole. */
  name?: string;
  value: unknown;
  isOpen?: boolean;
}

/** Data as it is: what has parts is opened by the viewer, and drawn only then. Text is text, whatever is in it. */
export function JsonTree({ name, value, isOpen = false }: JsonTreeProps): ReactNode {
  const [open, setOpen] = useState(isOpen);
  const [all, setAll] = useState(false);
  const plain = value instanceof Date ? value : plainPart(value);
  if (typeof plain !== 'object' || plain === null || plain instanceof Date) {
    return (
      <div className="json-leaf">
        {name !== undefined && <span className="json-name">{name}</span>}
        <span className="json-value" data-kind={kindOf(plain)} dir="auto">
          {textOf(plain)}
        </span>
      </div>
    );
  }
  const entries = Object.entries(plain);
  const shown = all ? entries : entries.slice(0, SHOWN);
  return (
    <details
      className="json-branch"
      open={open}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        <span className="json-name">{name ?? 'data'}</span>{' '}
        <span className="json-size">{sizeOf(plain, entries.length)}</span>
      </summary>
      {open && (
        <div className="json-parts">
          {shown.map(([key, part]) => (
            <JsonTree key={key} name={key} value={part} />
          ))}
          {shown.length < entries.length && (
            <button type="button" className="button small" onClick={() => setAll(true)}>
              Show all {entries.length}
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function kindOf(value: unknown): string {
  return value instanceof Date ? 'date' : typeof value;
}

function sizeOf(value: object, size: number): string {
  return Array.isArray(value) ? `[${size}]` : `{${size}}`;
}
