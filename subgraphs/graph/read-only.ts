import { ExpectedError } from '#kit/errors.ts';

const maxLength = 10_000;

const starts = new Set(['MATCH', 'OPTIONAL', 'UNWIND', 'WITH', 'RETURN']);

/** Refused wherever they stand, so that no grammar of any engine can make a clause of them. */
const refusedWords = new Set(
  'INTO CREATE INSERT MERGE SET DELETE DETACH NODETACH REMOVE DROP ALTER COPY LOAD FOREACH CALL YIELD'.split(' '),
);

/** Words that end an expression, or a part of a clause that another clause may follow. */
const values = new Set(['NULL', 'TRUE', 'FALSE', 'END', 'ASC', 'ASCENDING', 'DESC', 'DESCENDING']);

/** What may follow a value; any other word in that place would begin a clause that this file does not know. */
const connectives = new Set([
  ...starts,
  ...values,
  ...'WHERE ORDER BY SKIP LIMIT UNION ALL AS DISTINCT AND OR XOR NOT IN IS STARTS ENDS CONTAINS CASE WHEN THEN ELSE'.split(' '),
]);

type Token = {
  readonly kind: 'space' | 'string' | 'quoted' | 'parameter' | 'number' | 'word' | 'sign';
  readonly text: string;
};

/** Comments are spaces. A string, a quoted name or a comment that does not end matches only as a sign of its first character. */
const token =
  /(?<space>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*")|(?<quoted>`[^`]*`)|(?<parameter>\$[\p{ID_Start}_][\p{ID_Continue}]*)|(?<number>0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?<word>[\p{ID_Start}_][\p{ID_Continue}\p{Sc}]*)|(?<sign>[\s\S])/giu;

/**
 * Lets through one statement that only reads. What is inside strings, comments and quoted names is text, never a clause.
 * Engines differ in how they read unicode escapes, comments and odd characters; a statement that could be read in two ways
 * must be harmless in both, or is refused.
 * @throws ExpectedError BAD_USER_INPUT that names what is refused
 */
export function mustOnlyRead(statement: string): void {
  if (statement.length > maxLength) throw refused(`has ${statement.length} characters, and at most ${maxLength} are allowed`);
  const [resolved = statement, ...others] = readingsOf(statement).toReversed();
  requireReading(resolved);
  requireNoEscape(resolved);
  others.forEach(requireReading);
}

/**
 * Some engines resolve `\u0043` before they look for strings, others only inside strings: the statement as written, and with
 * every escape resolved until none is left.
 */
function readingsOf(statement: string): readonly string[] {
  const resolved = statement.replace(/\\(?:\\|u+([\da-f]{4}))/gi, (whole, code?: string) =>
    code === undefined ? whole : String.fromCharCode(Number.parseInt(code, 16)),
  );
  return resolved === statement ? [statement] : [statement, ...readingsOf(resolved)];
}

function requireReading(reading: string): void {
  requireUsualCharacters(reading);
  const all = tokensOf(reading);
  requireClearComments(all);
  const tokens = all.filter(({ kind }) => kind !== 'space');
  requireOneStatement(tokens);
  requireReadingClauses(tokens.filter(({ text }) => text !== ';'));
}

/** Line ends that only some engines know would end a comment for these alone, and invisible characters may split words. */
function requireUsualCharacters(reading: string): void {
  const [odd] = reading.match(/\r(?!\n)|[^\P{C}\t\r\n]|[\u2028\u2029]/u) ?? [];
  if (odd === undefined) return;
  const code = odd.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  throw refused(`must not hold the character U+${code}; it can be given as a parameter`);
}

function tokensOf(reading: string): readonly Token[] {
  return [...reading.matchAll(token)].map(({ 0: text, groups = {} }) => {
    const kind = kinds.find((candidate) => groups[candidate] !== undefined) ?? 'sign';
    if (kind === 'sign' && `'"\``.includes(text)) throw refused('holds a string or a quoted name that does not end');
    if (kind === 'quoted' && text.includes('\\')) throw refused('must not hold a backslash in a quoted name');
    return { kind, text };
  });
}

const kinds = ['space', 'string', 'quoted', 'parameter', 'number', 'word', 'sign'] as const;

function requireClearComments(tokens: readonly Token[]): void {
  tokens.forEach(({ kind, text }, index) => {
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (kind === 'sign' && text === '*' && before?.text === '/') throw refused('holds a comment that does not end');
    if (kind !== 'space' || !text.startsWith('/*')) return;
    if (text.includes('/*', 2)) throw refused('must not hold a comment in a comment');
    if (before?.kind === 'word' && after?.kind === 'word') throw refused('must not hold a comment in a word');
  });
}

function requireOneStatement(tokens: readonly Token[]): void {
  const end = tokens.findIndex(({ text }) => text === ';');
  if (end !== -1 && end !== tokens.length - 1) throw refused('must be one statement: nothing may follow the semicolon');
}

function requireReadingClauses(tokens: readonly Token[]): void {
  const [first] = tokens;
  if (first === undefined) throw refused('is empty');
  if (first.kind !== 'word' || !starts.has(first.text.toUpperCase()))
    throw refused(`cannot start with ${shortened(first.text)}, only with ${[...starts].join(', ')}`);
  tokens.forEach(({ kind, text }, index) => {
    if (kind !== 'word' || isProperty(tokens, index)) return;
    // Letters that an engine may take for plain ones are plain ones.
    const word = text.normalize('NFKC').toUpperCase();
    const isUnknownClause = endsValue(tokens, index - 1) && !connectives.has(word);
    if (refusedWords.has(word) || isUnknownClause) throw refused(notReading(word));
  });
}

/** A word after a dot, as in `n.set`; after `1.` and `..` it is none. */
const isProperty = (tokens: readonly Token[], index: number): boolean =>
  tokens[index - 1]?.text === '.' && tokens[index - 2]?.kind !== 'number' && endsValue(tokens, index - 2);

/** Whether the token ends a value, so that a word after it can only go on with the clause or begin another. */
function endsValue(tokens: readonly Token[], index: number): boolean {
  const found = tokens[index];
  if (found === undefined) return false;
  const before = tokens[index - 1];
  switch (found.kind) {
    case 'string':
    case 'quoted':
    case 'parameter':
    case 'number':
      return true;
    case 'word':
      return isAfterDot(before) || values.has(found.text.toUpperCase()) || !connectives.has(found.text.toUpperCase());
    case 'sign':
      return ')]}'.includes(found.text) || (found.text === '*' && before?.kind === 'word' && isStar(before.text));
    case 'space':
      return false;
  }
}

const isAfterDot = (before: Token | undefined): boolean => before?.text === '.';

/** `RETURN *` is the end of a list, `a * b` is none. */
const isStar = (before: string): boolean => ['RETURN', 'WITH', 'DISTINCT'].includes(before.toUpperCase());

/** What is left of an escape can only be one that somebody hopes to be resolved once more. */
function requireNoEscape(reading: string): void {
  if (tokensOf(reading).some(({ kind, text }) => kind === 'sign' && text === '\\'))
    throw refused('must not hold a backslash outside of strings');
}

const notReading = (word: string): string =>
  `only reads, so ${shortened(word)} is not allowed here; a name that is spelled so goes in backticks`;

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

const refused = (what: string): ExpectedError =>
  new ExpectedError('BAD_USER_INPUT', `statement: ${what}.`, { extensions: { field: 'statement' } });
