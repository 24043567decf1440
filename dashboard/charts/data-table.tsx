import { type ReactNode, useState } from 'react';
import { TableScroll } from '../shell/panel.tsx';

interface DataTableProps {
  /** Its caption: the panel's name. */
  name: string;
  columns: readonly string[];
  /** Called only while the table is open. */
  rows: () => readonly { readonly key: string; readonly cells: readonly string[] }[];
}

/** A chart in numbers. */
export function DataTable({ name, columns, rows }: DataTableProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="as-table" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span className="hidden">{name}</span> as a table
      </summary>
      {isOpen && (
        <TableScroll name={name}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows().map(({ key, cells }) => (
              <tr key={key}>
                {cells.map((cell, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: cells have a fixed order
                  <td key={index}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </TableScroll>
      )}
    </details>
  );
}
