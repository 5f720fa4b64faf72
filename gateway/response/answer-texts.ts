import type { FormattedExecutionResult } from 'graphql';

/**
 * Writes answers as JSON, and a line's end behind each, as Apollo Server does. Frozen data is what many answers share: its text
 * is made once.
 */
export function answerTexts(): (result: FormattedExecutionResult) => string {
  const texts = new WeakMap<object, string>();
  const textOf = (data: object): string => {
    const known = texts.get(data);
    if (known !== undefined) return known;
    const text = JSON.stringify(data);
    texts.set(data, text);
    return text;
  };
  return (result) => {
    const { data, ...others } = result;
    if (data == null || result.errors !== undefined || !Object.isFrozen(data)) return `${JSON.stringify(result)}\n`;
    const rest = JSON.stringify(others);
    return rest === '{}' ? `{"data":${textOf(data)}}\n` : `{"data":${textOf(data)},${rest.slice(1)}\n`;
  };
}
