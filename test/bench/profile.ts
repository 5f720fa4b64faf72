import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Node = {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
};

/** What `node --cpu-prof` writes for each thread, times in microseconds. */
type Profile = {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

type SelfTime = { readonly place: string; readonly microseconds: number };

export type Busy = {
  readonly microseconds: number;
  /** Self times of functions, the longest first. */
  readonly functions: readonly SelfTime[];
};

/** What the busiest thread did of those whose profiles lie in a folder, from so many seconds after its start on. */
export async function busiest(folder: string, since: number): Promise<Busy> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'));
  const threads = await Promise.all(
    files.map(async (name) => busy(JSON.parse(await readFile(join(folder, name), 'utf8')), since)),
  );
  const [first] = threads.toSorted((left, right) => right.microseconds - left.microseconds);
  if (first === undefined) throw new Error('No profile was written.');
  return first;
}

const idle = new Set(['(idle)', '(program)', '(root)']);

function busy({ nodes, samples, timeDeltas }: Profile, since: number): Busy {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const times = new Map<string, number>();
  let at = -since * 1e6;
  for (const [index, id] of samples.entries()) {
    const node = known.get(id);
    const spent = timeDeltas[index] ?? 0;
    at += spent;
    if (node === undefined || at < 0 || idle.has(node.callFrame.functionName)) continue;
    const place = placeOf(node);
    times.set(place, (times.get(place) ?? 0) + spent);
  }
  const functions = [...times].map(([place, microseconds]) => ({ place, microseconds }));
  return {
    microseconds: functions.reduce((sum, { microseconds }) => sum + microseconds, 0),
    functions: functions.toSorted((left, right) => right.microseconds - left.microseconds),
  };
}

/** `name file:line`, the file below the repository or its package. */
function placeOf({ callFrame: { functionName, url, lineNumber } }: Node): string {
  const file = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(`${process.cwd()}/`, '');
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}
