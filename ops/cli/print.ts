/** Prints and answers exit code 0. */
export function say(text: string): number {
  console.log(text);
  return 0;
}

export type Row = Readonly<Record<string, unknown>>;

/** Prints records: for programs as JSON, for people as a table whose columns are as wide as they must be. */
export function sayRows(rows: readonly Row[], { json }: { readonly json: boolean }): number {
  return say(json ? JSON.stringify(rows, null, 2) : table(rows));
}

/** Prints one record: for programs as JSON, for people one line per field. */
export function sayRecord(record: Row, { json }: { readonly json: boolean }): number {
  if (json) return say(JSON.stringify(record, null, 2));
  const width = Math.max(...Object.keys(record).map((name) => name.length));
  const lines = Object.entries(record).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(width)}  ${cell(value)}`],
  );
  return say(lines.join('\n'));
}

function table(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return 'none';
  const columns = Object.keys(first);
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z');
  if (Array.isArray(value)) return value.join(' ') || '-';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
