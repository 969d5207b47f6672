import type { Table, TableColumn } from '../batch/contract';
import { loadSchema, schema, trouble } from '../batch/schema';
import { format } from '../format';
import { Skeleton } from '../lists/Skeleton';
import { shown } from '../text';
import { insertIntoEditor } from './EditorBox';
import { quoted } from './names';
import { open } from './run';

const PREVIEW_ROWS = 100;

/** The tables with their sizes; each opens to its columns. A click on a column writes its name. */
export function SchemaTree() {
  const tables = schema.value?.tables;
  if (!tables && trouble.value)
    return (
      <p class="nothing">
        The tables could not be listed: {shown(trouble.value)}{' '}
        <button type="button" class="link" onClick={loadSchema}>
          Try again
        </button>
      </p>
    );
  if (!tables) return <Skeleton rows={9} height={36} />;
  if (tables.length === 0) return <p class="nothing">There are no tables yet.</p>;
  return (
    <ul class="tree" data-testid="schema">
      {tables.map((table) => (
        <li key={table.name}>
          <TableEntry table={table} />
        </li>
      ))}
    </ul>
  );
}

function TableEntry({ table }: { table: Table }) {
  return (
    <details>
      <summary data-testid={`table-${table.name}`} data-value={table.rows ?? undefined}>
        <code dir="auto">{table.name}</code>
        <span
          class="rows-count"
          title={table.rows === null ? 'not counted' : `${format.full(table.rows)} rows`}
        >
          {table.rows === null ? '–' : format.count(table.rows)}
        </span>
      </summary>
      <ul>
        {table.columns.map((column) => (
          <li key={column.name}>
            <ColumnEntry column={column} />
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="link"
        onClick={() => open(`SELECT *\nFROM ${quoted(table.name)}\nLIMIT ${PREVIEW_ROWS}`)}
      >
        First {PREVIEW_ROWS} rows
      </button>
    </details>
  );
}

function ColumnEntry({ column }: { column: TableColumn }) {
  return (
    <button
      type="button"
      class="column"
      title="Write this name into the statement"
      onClick={() => insertIntoEditor(quoted(column.name))}
    >
      <code dir="auto">{column.name}</code>
      {column.key && <span class="tag">key</span>}
      <span class="type" dir="auto">
        {column.type}
        {column.references && ` → ${column.references}`}
      </span>
    </button>
  );
}
