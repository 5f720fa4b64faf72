import { canonical } from './canonical.ts';
import type { Tag } from './tags.ts';
import { formattedTag } from './tags.ts';

type Given = { readonly key?: unknown; readonly args?: unknown };

/** Fills a format of `@cacheTag`; one that lacks a value gives no tag. */
export type Format = (given: Given) => Tag | undefined;

const placeholder = /\{\$(key|args)\.([\w.]+)\}/;

/** Reads a format such as `sample-{$key.id}` or `book-{$args.id}`. */
export function readFormat(format: string): Format {
  const texts: string[] = [];
  const reads: ((given: Given) => unknown)[] = [];
  // A pattern with two groups leaves both between the texts around it.
  const pieces = format.split(placeholder);
  for (let at = 0; at < pieces.length; at += 3) {
    texts.push(pieces[at] ?? '');
    const [source, path] = [pieces[at + 1], pieces[at + 2]?.split('.')];
    if (path !== undefined) reads.push((given) => path.reduce(step, source === 'key' ? given.key : given.args));
  }
  return (given) => {
    let filled = texts[0] ?? '';
    for (const [index, read] of reads.entries()) {
      const value = read(given);
      if (value === undefined || value === null) return undefined;
      filled += textOf(value) + (texts[index + 1] ?? '');
    }
    return formattedTag(filled);
  };
}

export const fillFormats = (formats: readonly Format[], given: Given): readonly Tag[] =>
  formats.flatMap((format) => format(given) ?? []);

const step = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

const textOf = (value: unknown): string => (typeof value === 'object' ? canonical(value) : String(value));
