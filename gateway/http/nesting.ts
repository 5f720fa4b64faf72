const codes = { quote: 34, hash: 35, backslash: 92, newline: 10, carriageReturn: 13 } as const;

const opening = new Set([40, 91, 123]);
const closing = new Set([41, 93, 125]);

/**
 * Depth of brackets of any kind outside strings, in one pass without recursion.
 * `language` says whether `#` begins a comment: it does in GraphQL, not in JSON.
 */
export function nesting(text: string, language: '"' | '#'): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (opening.has(code)) deepest = Math.max(deepest, ++depth);
    else if (closing.has(code)) depth--;
    else if (code === codes.quote) at = endOfString(text, at, language);
    else if (code === codes.hash && language === '#') at = endOfLine(text, at);
  }
  return deepest;
}

function endOfString(text: string, start: number, language: '"' | '#'): number {
  if (language === '#' && text.startsWith('"""', start)) return endOfBlock(text, start + 3);
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === codes.backslash) at++;
    else if (code === codes.quote) return at;
    // A GraphQL string ends with its line: what follows is a syntax error and counts as code.
    else if (language === '#' && (code === codes.newline || code === codes.carriageReturn)) return at;
  }
  return text.length;
}

function endOfBlock(text: string, start: number): number {
  let end = text.indexOf('"""', start);
  while (end > 0 && text.charCodeAt(end - 1) === codes.backslash) end = text.indexOf('"""', end + 3);
  return end < 0 ? text.length : end + 2;
}

function endOfLine(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === codes.newline || code === codes.carriageReturn) return at;
  }
  return text.length;
}
