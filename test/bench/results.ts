import { readFile, writeFile } from 'node:fs/promises';

const file = 'test/bench/RESULTS.md';

/** Replaces what stands before the first section; sections belong to other benches. */
export async function writeMain(text: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  const sections = before.indexOf('\n## ');
  await writeFile(file, sections < 0 ? text : `${text.trimEnd()}\n${before.slice(sections)}`);
}

/** Replaces one section, or puts it at the end. */
export async function writeSection(title: string, text: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  const start = before.indexOf(`\n## ${title}\n`);
  const end = start < 0 ? -1 : before.indexOf('\n## ', start + 1);
  const head = start < 0 ? before.trimEnd() : before.slice(0, start).trimEnd();
  const tail = end < 0 ? '' : before.slice(end);
  await writeFile(file, `${head}\n\n## ${title}\n\n${text.trimEnd()}\n${tail}`);
}
