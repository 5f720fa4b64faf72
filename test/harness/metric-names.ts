/** Words of PromQL that look like names of metrics. */
const words = new Set(['and', 'or', 'unless', 'on', 'by', 'without', 'ignoring', 'group_left', 'group_right', 'offset', 'bool']);

/**
 * The names of metrics in an expression of PromQL: what is left without texts, label matchers, lists of labels, ranges,
 * and names of functions, which a parenthesis follows.
 */
export function namesIn(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\{[^{}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)/g, ' ')
    .replaceAll(/\boffset\s+\w+/g, ' ');
  const names = [...bare.matchAll(/[A-Za-z_:][\w:]*(?!\w*\s*\()/g)].map(([name]) => name);
  return [...new Set(names.filter((name) => (!words.has(name) && name.includes('_')) || name === 'up'))];
}
