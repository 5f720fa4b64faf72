/**
 * Builds a URL path in which every inserted value is one encoded segment, so that `../admin` or `a/b?x=1` stays data.
 * `.` and `..` have no encoded form that every server reads as data, and half a surrogate pair has none at all, so they
 * become a segment no id can equal.
 */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((built, part, index) => built + segment(values[index - 1] ?? '') + part);
}

function segment(value: string): string {
  if (value === '.' || value === '..' || !value.isWellFormed()) return '%00';
  return encodeURIComponent(value);
}
