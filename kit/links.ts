import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { Kind, valueFromASTUntyped } from 'graphql';
import { z } from 'zod';

/** One feature that a schema links to (https://specs.apollo.dev/link/v1.0). */
export type Link = {
  /** Address with version, such as `https://specs.apollo.dev/join/v0.5`. */
  readonly url: string;
  readonly node: ConstDirectiveNode;
  /** Names, without `@`, under which the schema may use a directive of the feature: as imported, and by namespace. */
  readonly directiveNames: (directive: string) => readonly string[];
};

const Import = z.union([
  z.string().transform((name) => ({ name, as: name })),
  z.object({ name: z.string(), as: z.string().optional() }).transform(({ name, as }) => ({ name, as: as ?? name })),
]);

const Arguments = z.object({ url: z.url(), as: z.string().nullish(), import: z.array(Import).nullish() });

const linkSpec = 'https://specs.apollo.dev/link/v1.0';

/** Reads the links of a schema, also where the link directive itself goes by another name. @throws Error for one that cannot be read */
export function linksOf({ definitions }: DocumentNode): readonly Link[] {
  const applied = definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION ? (node.directives ?? []) : [],
  );
  const bootstrap = applied.find((node) => {
    const { url, as } = untyped(node);
    return url === linkSpec && node.name.value === (as ?? 'link');
  });
  return applied.filter(({ name }) => name.value === bootstrap?.name.value).map(readLink);
}

const untyped = ({ arguments: given = [] }: ConstDirectiveNode): Readonly<Record<string, unknown>> =>
  Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));

function readLink(node: ConstDirectiveNode): Link {
  const parsed = Arguments.safeParse(untyped(node));
  if (!parsed.success) throw new Error(`A @${node.name.value} of the schema cannot be read: ${z.prettifyError(parsed.error)}`);
  const { origin, pathname } = new URL(parsed.data.url);
  const feature = pathname.split('/').at(-2) ?? '';
  const namespace = parsed.data.as ?? feature;
  const imports = parsed.data.import ?? [];
  return {
    url: origin + pathname,
    node,
    directiveNames: (directive) => [
      ...imports.filter(({ name }) => name === `@${directive}`).map(({ as }) => as.slice(1)),
      directive === feature ? namespace : `${namespace}__${directive}`,
    ],
  };
}
