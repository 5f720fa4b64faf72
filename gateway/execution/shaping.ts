import type { Path } from './entities.ts';
import type { OwnTree, Tree } from './tree.ts';

/** A place where the merged answer is not what its type says. */
export type Problem = { readonly path: Path; readonly message: string };

/** What the shaping of one answer knows. */
export type Shaping = {
  /** Where it is; every level writes its own name or index before it looks below. */
  readonly path: (string | number)[];
  readonly problems: Problem[];
  /** What was asked of the schema itself, by response names. */
  readonly introspected: Tree;
};

/** Gives what is shown of a value; undefined when its place allows no null and has nothing else. */
export type Complete = (value: unknown, shaping: Shaping) => unknown;

/** Gives what is shown of an object; undefined when one of its fields may not be null and is. */
export type Shape = (source: Tree, shaping: Shaping) => OwnTree | undefined;

export function report({ path, problems }: Shaping, length: number, message: string): void {
  problems.push({ path: path.slice(0, length), message });
}
