import { FormData } from 'undici';
import { Upload } from './upload.ts';

type Operation = {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
};

/** An operation with uploads among its variables, as a GraphQL multipart request; each file is sent once. */
export function multipartBody({ variables, ...operation }: Operation): FormData {
  const places = new Map<Upload, string[]>();
  const form = new FormData();
  form.append('operations', JSON.stringify({ ...operation, variables: withoutUploads(variables, 'variables', places) }));
  form.append('map', JSON.stringify(Object.fromEntries([...places.values()].entries())));
  for (const [index, upload] of [...places.keys()].entries()) form.append(String(index), fileOf(upload));
  return form;
}

/** An upload as the standard's File. */
export const fileOf = ({ filename, mimetype, bytes }: Upload): File => new File([bytes], filename, { type: mimetype });

/** The same value with null for every upload, whose path is noted. Values are at most as deep as a body may be. */
function withoutUploads(value: unknown, path: string, places: Map<Upload, string[]>): unknown {
  if (value instanceof Upload) {
    const known = places.get(value);
    if (known === undefined) places.set(value, [path]);
    else known.push(path);
    return null;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => withoutUploads(item, `${path}.${index}`, places));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutUploads(item, `${path}.${key}`, places)]));
}
