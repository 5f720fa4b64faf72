import { labGraph } from '#ops/sandbox/data/graph-frames.ts';
import { ServiceFailure } from '#ops/sandbox/failure.ts';

const maxLength = 10_000;

const starts = new Set(['MATCH', 'OPTIONAL', 'UNWIND', 'WITH', 'RETURN', 'CALL']);
const writes = new Set(['INTO', 'CREATE', 'MERGE', 'SET', 'DELETE', 'DETACH', 'REMOVE', 'DROP', 'ALTER', 'COPY', 'LOAD']);
/** Procedures that only tell about the engine; the others change its settings or read files. */
const procedures = new Set(['show_tables', 'table_info', 'show_functions', 'show_connection', 'db_version']);

/** Comments, strings, quoted names, words, numbers, and every other character by itself. */
const token = /\/\*[\s\S]*?\*\/|\/\/[^\r\n]*|'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|`[^`]*`|[A-Za-z_]\w*|\d+|\S/g;

/**
 * Lets through one reading statement and nothing else, and answers it with frames written as `(v:lab__Sample)` shortened to
 * the engine's names. What is inside strings, comments and quoted names is text, so it is never taken for a clause.
 */
export function readingQuery(query: string): string {
  if (query.length > maxLength) throw refused(`Query has ${query.length} characters; at most ${maxLength} are allowed`);
  const tokens = [...query.matchAll(token)].filter(([text]) => !text.startsWith('/*') && !text.startsWith('//'));
  const words = tokens.map(([text]) => text);
  requireOneStatement(words);
  requireReading(words);
  return withoutNamespace(query, tokens);
}

function requireOneStatement(words: readonly string[]): void {
  const end = words.indexOf(';');
  if (end !== -1 && end !== words.length - 1) throw refused('Only one statement is allowed');
}

function requireReading(words: readonly string[]): void {
  const [first] = words;
  if (first === undefined) throw refused('Query is empty');
  if (!starts.has(first.toUpperCase())) throw refused(`Queries are read-only and cannot start with "${first}"`);
  words.forEach((word, index) => {
    if (isName(words[index - 1])) return;
    const clause = word.toUpperCase();
    if (writes.has(clause)) throw refused(`Queries are read-only: ${clause} is not allowed`);
    const procedure = words[index + 1] ?? '';
    if (clause === 'CALL' && !procedures.has(procedure.toLowerCase())) throw refused(`Procedure "${procedure}" is not allowed`);
  });
}

/** After a dot, colon or dollar a word names a property, a frame or a parameter. */
function isName(before: string | undefined): boolean {
  return before === '.' || before === ':' || before === '$';
}

function withoutNamespace(query: string, tokens: readonly RegExpExecArray[]): string {
  const prefix = `${labGraph}__`;
  const qualified = tokens.filter(([text], index) => text.startsWith(prefix) && /^[:|]$/.test(tokens[index - 1]?.[0] ?? ''));
  return qualified.reduceRight((text, { index }) => text.slice(0, index) + text.slice(index + prefix.length), query);
}

function refused(message: string): ServiceFailure {
  return new ServiceFailure(400, message, { code: 'INVALID_QUERY' });
}
