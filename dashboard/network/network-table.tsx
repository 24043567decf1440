import type { ReactNode } from 'react';
import { nameOf } from '../model/archetypes.ts';
import { TableScroll } from '../shell/panel.tsx';
import type { Edge } from './edges.ts';

/** The drawing in words and numbers. */
export function NetworkTable({ edges }: { edges: readonly Edge[] }): ReactNode {
  return (
    <details className="as-table">
      <summary>
        <span className="hidden">Paths</span> as a table
      </summary>
      <TableScroll name="Paths">
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Type</th>
            <th scope="col">Open</th>
            <th scope="col">Strength</th>
          </tr>
        </thead>
        <tbody>
          {edges.map(({ key, way, from, to, type, isActive, strength }) => (
            <tr key={key} data-edge={way}>
              <td>{nameOf(from)}</td>
              <td>{nameOf(to)}</td>
              <td>{type}</td>
              <td>{isActive ? 'yes' : 'no'}</td>
              <td>{strength.toFixed(2)}</td>
            </tr>
          ))}
        </tbody>
      </TableScroll>
    </details>
  );
}
