import { ExpectedError } from './errors.ts';
import type { Upload } from './upload.ts';

export type Variables = Readonly<Record<string, unknown>> | null | undefined;

/** A null among the variables that waits for its file. */
export type Slot = {
  /** Such as `variables.input.files.0`. */
  readonly path: string;
  readonly put: (upload: Upload) => void;
};

/**
 * The places that a `map` names, by the part that is to fill them.
 * @throws ExpectedError BAD_REQUEST when a place does not exist, is not null, or is named twice
 */
export function slotsAt(map: ReadonlyMap<string, readonly string[]>, variables: Variables): Map<string, readonly Slot[]> {
  const seen = new Set<string>();
  const slotAt = (path: string): Slot => {
    if (seen.has(path)) throw refusal(path, 'is named twice');
    seen.add(path);
    return { path, put: putter(path, variables) };
  };
  return new Map([...map].map(([name, paths]) => [name, paths.map(slotAt)] as const));
}

type Holder = Record<string, unknown>;

function putter(path: string, variables: Variables): Slot['put'] {
  const [root, ...keys] = path.split('.');
  const last = keys.pop();
  if (root !== 'variables' || last === undefined) throw refusal(path, 'does not begin with `variables.`');
  const holder = keys.reduce<unknown>((value, key) => (hasKey(value, key) ? value[key] : undefined), variables);
  if (!hasKey(holder, last)) throw refusal(path, 'does not exist in operations');
  if (holder[last] !== null) throw refusal(path, 'is not null in operations');
  return (upload) => {
    holder[last] = upload;
  };
}

const hasKey = (value: unknown, key: string): value is Holder =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);

const refusal = (path: string, problem: string): ExpectedError =>
  new ExpectedError('BAD_REQUEST', `map: the path ${JSON.stringify(path.slice(0, 100))} ${problem}.`);
