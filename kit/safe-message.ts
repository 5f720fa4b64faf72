/** Characters of a message that are told. */
const maxLength = 300;

/**
 * What may be said of an error that a file, a library or a driver brought, and not a client: its message on one line,
 * without credentials, hosts, and pieces of what could not be read.
 */
export function safeMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const safe = hidden.reduce((text, [found, instead]) => text.replace(found, instead), message.slice(0, 4_000));
  return safe.length > maxLength ? `${safe.slice(0, maxLength - 1)}…` : safe;
}

const hidden: readonly (readonly [RegExp, string])[] = [
  // No character may steer a terminal or begin another line.
  [/[\p{Cc}\p{Cf}\s]+/gu, ' '],
  // Of an address its scheme and its path are left, of which the variable that names it is found.
  [/\b([a-z][a-z\d+.-]*):\/\/[^\s/?#"'`<>]+([^\s?#"'`<>]*)(?:[?#][^\s"'`<>]*)?/giu, '$1://…$2'],
  [/\[?(?:[\da-f]{0,4}:){2,7}(?:[\da-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?\]?(?::\d{1,5})?(?![\w:])/giu, '…'],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b/gu, '…'],
  [/\b(?:[\w-]+\.)*[a-z][\w-]*:\d{2,5}\b/giu, '…'],
  [/(ENOTFOUND|EAI_AGAIN) \S+/gu, '$1 …'],
  [/\b[\w.%+-]+@[\w-]+(?:\.[\w-]+)*/gu, '…'],
  // JSON.parse quotes the text around what it does not understand.
  [/(?: '.',)? (?:\.{3})?".*"(?:\.{3})? is not valid JSON/gu, ' is not valid JSON'],
  // Keys, tokens and hashes.
  [/\b(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{20,}(?:\.[\w-]+)*\b/giu, '…'],
];
