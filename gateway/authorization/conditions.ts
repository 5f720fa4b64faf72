import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { valueFromASTUntyped } from 'graphql';
import { z } from 'zod';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import type { Caller } from '#kit/caller.ts';
import type { Link } from '#kit/links.ts';
import { linksOf } from '#kit/links.ts';
import type { Policies } from './policies.ts';

/** One thing that a schema demands of callers. Equal demands of one supergraph are one object. */
export type Condition = {
  /** Equal demands have equal keys. */
  readonly key: string;
  /** What a caller must have, as it goes on after "needs". */
  readonly needs: string;
  readonly holds: (caller: Caller) => boolean;
};

/** An element of a schema that directives may stand on. */
type Element = { readonly directives?: readonly ConstDirectiveNode[] };

const specs = 'https://specs.apollo.dev';

/**
 * Finds the conditions that stand on an element of a supergraph, by the names that its links give the directives.
 * @throws Error for a link to a version of these features that is not known here, whatever its purpose
 */
export function conditionsReader(document: DocumentNode, policies: Policies): (element: Element) => readonly Condition[] {
  const links = linksOf(document);
  for (const { url } of links) refuseOtherVersions(url);
  const readers = directiveReaders(links, policies);
  const known = new Map<string, Condition>();
  return ({ directives = [] }) =>
    directives.flatMap((directive) => {
      const read = readers.get(directive.name.value);
      if (read === undefined) return [];
      const condition = read(directive);
      const same = known.get(condition.key) ?? condition;
      known.set(same.key, same);
      return [same];
    });
}

function refuseOtherVersions(url: string): void {
  const [identity] = url.split('/v');
  const isOurs = [...authorizationFeatures].some((feature) => feature.startsWith(`${identity}/v`));
  if (isOurs && !authorizationFeatures.has(url))
    throw new Error(`The supergraph links ${url}, a version that is not enforced here.`);
}

type Read = (directive: ConstDirectiveNode) => Condition;

function directiveReaders(links: readonly Link[], policies: Policies): ReadonlyMap<string, Read> {
  const authenticated: Condition = { key: 'authenticated', needs: 'a credential', holds: ({ kind }) => kind !== 'anonymous' };
  const named = (feature: string, read: Read): readonly (readonly [string, Read])[] =>
    links
      .filter(({ url }) => url === `${specs}/${feature}/v0.1`)
      .flatMap((link) => link.directiveNames(feature).map((name) => [name, read] as const));
  return new Map([
    ...named('authenticated', () => authenticated),
    ...named('requiresScopes', (directive) =>
      anyOf('scope', alternatives(directive, 'scopes'), (scope, { scopes }) => scopes.includes(scope)),
    ),
    ...named('policy', (directive) =>
      anyOf('policy', alternatives(directive, 'policies'), (policy, caller) => policies.get(policy)?.(caller) === true),
    ),
  ]);
}

type Alternatives = readonly (readonly string[])[];

/** One of the alternatives must hold, with all of its names; where there is no alternative, it holds for nobody. */
const anyOf = (word: string, names: Alternatives, holds: (name: string, caller: Caller) => boolean): Condition => ({
  key: JSON.stringify([word, names]),
  needs: names.length === 0 ? `a ${word} that nobody has` : `the ${word} ${names.map((all) => all.join(' and ')).join(', or ')}`,
  holds: (caller) => names.some((all) => all.every((name) => holds(name, caller))),
});

const Names = z.array(z.array(z.string()));

function alternatives({ name, arguments: given = [] }: ConstDirectiveNode, argument: string): Alternatives {
  const value = given.find((candidate) => candidate.name.value === argument)?.value;
  const parsed = Names.safeParse(value === undefined ? undefined : valueFromASTUntyped(value));
  if (!parsed.success) throw new Error(`A @${name.value} of the supergraph has no ${argument} that can be read.`);
  return parsed.data;
}
