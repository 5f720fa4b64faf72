import type { Loader } from '#kit/loader.ts';
import { eachLoader, pickLoader, uuidLoader } from '#kit/loader.ts';
import type { Template, TemplateContent, TemplateField, TemplatesClient } from './client.ts';

export type TemplateLoaders = {
  /** The newest 50, listed once. */
  readonly newest: () => Promise<readonly Template[]>;
  /** One call per template. What cannot be an id is null without a call. */
  readonly one: Loader<string, Template>;
  /** For many at once: the list for all, then one call for each that is not in it. */
  readonly picked: Loader<string, Template>;
  readonly content: Loader<string, TemplateContent>;
  readonly fields: Loader<string, readonly TemplateField[]>;
};

export function templateLoaders(client: TemplatesClient): TemplateLoaders {
  let listed: Promise<readonly Template[]> | undefined;
  const newest = (): Promise<readonly Template[]> => {
    listed ??= client.newest();
    return listed;
  };
  const one = eachLoader(client.byId);
  return {
    newest,
    one: uuidLoader(one),
    picked: uuidLoader(pickLoader({ threshold: 1, list: newest, one: one.load, idOf: ({ id }) => id })),
    content: eachLoader(client.content),
    fields: eachLoader(client.fields),
  };
}
