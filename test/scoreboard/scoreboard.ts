import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');

/** How a feature is checked: by a test, an assertion about a manifest, a measurement, or a document. */
type Kind = 'T' | 'M' | 'B' | 'D';

type Feature = { readonly id: string; readonly kind: Kind; readonly feature: string };

export type Row = Feature & {
  /** Files with a test or a measurement whose name carries the id, or a document that does; `path:line`. */
  readonly checkedIn: readonly string[];
};

export type Source = { readonly file: string; readonly text: string };

/** Ids in the names of tests count for every kind; those in documents only where a document is what is wanted, or a measurement. */
export function scoreboard(features: readonly Feature[], sources: readonly Source[]): readonly Row[] {
  const tests = places(
    sources.filter(({ file }) => file.endsWith('.test.ts')),
    testName,
  );
  const documents = places(
    sources.filter(({ file }) => file.endsWith('.md')),
    anywhere,
  );
  return features.map((feature) => ({
    ...feature,
    checkedIn: [...(tests.get(feature.id) ?? []), ...(/[BD]/.test(feature.kind) ? (documents.get(feature.id) ?? []) : [])],
  }));
}

const id = /\b[A-Z]{2}-\d{2}\b/g;
/** A name that begins a test or a line of its table, or the line after `test(`; a comment is none. */
const testName = (line: string): boolean => /(['"`]).*\b[A-Z]{2}-\d{2}\b/.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line);
const anywhere = (): boolean => true;

function places(sources: readonly Source[], counts: (line: string) => boolean): ReadonlyMap<string, readonly string[]> {
  const found = sources.flatMap(({ file, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        counts(line) ? [...new Set(line.match(id) ?? [])].map((name) => [name, `${file}:${index + 1}`] as const) : [],
      ),
  );
  return new Map([...Map.groupBy(found, ([name]) => name)].map(([name, entries]) => [name, entries.map(([, place]) => place)]));
}

/** The features as they are committed, each with an id, a kind and words. @throws Error for a line that is none */
export function readFeatures(text: string): readonly Feature[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [, name, kind, feature] = /^([A-Z]{2}-\d{2})\t([TMBD])\t(\S.*)$/.exec(line) ?? [];
      if (name === undefined || feature === undefined) throw new Error(`This is no row: ${line}`);
      return { id: name, kind: kind as Kind, feature };
    });
}

/** Rows of this repository as it is. */
export function readScoreboard(): readonly Row[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.test.ts', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  });
  const sources = listed
    .trim()
    .split('\n')
    .filter((file) => !file.startsWith('test/scoreboard/'))
    .map((file) => ({ file, text: readFileSync(resolve(root, file), 'utf8') }));
  return scoreboard(readFeatures(readFileSync(resolve(import.meta.dirname, 'rows.tsv'), 'utf8')), sources);
}
