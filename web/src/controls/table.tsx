import type {ComponentChildren} from 'preact';

export interface TableColumn<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  number?: boolean;  // right-aligned
  foot?: ComponentChildren;
}

export interface TableProps<T> {
  caption: string;
  columns: TableColumn<T>[];
  rows: T[];
  id: (row: T) => string | number;
  rowClass?: (row: T) => string;
}

// A table that becomes one card for each row where the page is narrow: then each cell names its
// column. The roles are said, since browsers forget them where CSS changes how a table is laid out.
export function Table<T>({caption, columns, rows, id, rowClass}: TableProps<T>) {
  const kind = (column: TableColumn<T>) => (column.number ? 'number' : undefined);
  const foot = columns.some((column) => column.foot !== undefined);
  return (
    <table role="table" aria-label={caption}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column.name} role="columnheader" scope="col" class={kind(column)}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" key={id(row)} class={rowClass?.(row)}>
            {columns.map((column) => (
              <td key={column.name} role="cell" data-label={column.name} class={kind(column)}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
      {foot && (
        <tfoot role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <td key={column.name} role="cell" data-label={column.name} class={kind(column)}>
                {column.foot}
              </td>
            ))}
          </tr>
        </tfoot>
      )}
    </table>
  );
}
