import type { ReactNode } from 'react';
import type { ServerStats } from '../../client/index.ts';
import { count } from '../model/format.ts';

const NAMES: Readonly<Record<keyof ServerStats['errors'], string>> = {
  invalid: 'invalid',
  overloaded: 'overloaded',
  unavailable: 'unavailable',
  listener: 'in listeners',
  malformed: 'malformed',
};

/** Errors of the server, kind by kind; nothing when there are none. */
export function ErrorCounts({ errors }: { errors: ServerStats['errors'] }): ReactNode {
  const kinds = (Object.keys(NAMES) as (keyof ServerStats['errors'])[]).filter((kind) => errors[kind] > 0);
  if (kinds.length === 0) return null;
  return (
    <p className="errors">
      Errors: {kinds.map((kind) => `${count(errors[kind])} ${NAMES[kind]}`).join(', ')}
    </p>
  );
}
