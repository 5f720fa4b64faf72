import type { Sheet } from '#ops/sandbox/data/templates.ts';

const maxRows = 100;

/** Reads comma-separated text: the first line names the columns, at most a hundred rows are kept. */
export function sheetFromCsv(name: string, text: string): Sheet {
  const [headers = [], ...rows] = lines(text);
  return { name, headers, rows: rows.slice(0, maxRows), total_rows: rows.length, total_columns: headers.length };
}

/** A cell is quoted, with quotes doubled, or runs to the next comma; then a comma, a line end or the end of the text follows. */
const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function lines(text: string): string[][] {
  const found: string[][] = [];
  let line: string[] = [];
  cell.lastIndex = 0;
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (!match) break;
    const [, quoted, plain = '', end] = match;
    line.push(quoted?.replaceAll('""', '"') ?? plain.trim());
    if (end === ',' && cell.lastIndex < text.length) continue;
    if (end === ',') line.push('');
    found.push(line);
    line = [];
  }
  return found.filter((cells) => cells.some((content) => content !== ''));
}
