import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { Kind, valueFromASTUntyped } from 'graphql';
import { linksOf } from '#kit/links.ts';
import type { Format } from './formats.ts';
import { readFormat } from './formats.ts';

/** Whose an answer is: anybody's, its organization's and rights', or one subject's alone. */
export type Scope = 'PUBLIC' | 'ORGANIZATION' | 'PRIVATE';

/** What `@cacheControl` says of a field or type; without it nothing. */
export type Hint = {
  readonly maxAgeSeconds: number | undefined;
  readonly scope: Scope | undefined;
  /** The age of the object around it holds, where an object of its own would not be kept. */
  readonly inherits: boolean;
};

type Declared = { readonly directives?: readonly ConstDirectiveNode[] | undefined };

/** Reads the directives of the cache, under the names that the schema has for them. `graph` is a value of `join__Graph`. */
export type Declarations = {
  readonly hintOf: (node: Declared, graph: string) => Hint;
  /** Formats of `@cacheTag`, such as `sample-{$key.id}`. */
  readonly formatsOf: (node: Declared, graph: string) => readonly Format[];
  /** Types of `@cacheInvalidate`. */
  readonly invalidatedBy: (node: Declared, graph: string) => readonly string[];
};

export function declarations(document: DocumentNode): Declarations {
  const applied = {
    cacheControl: reader(document, 'cacheControl'),
    cacheTag: reader(document, 'cacheTag'),
    cacheInvalidate: reader(document, 'cacheInvalidate'),
  };
  return {
    hintOf(node, graph) {
      const hints = applied.cacheControl(node, graph).map(hint);
      return hints.length === 0 ? noHint : hints.reduce(narrower);
    },
    formatsOf: (node, graph) => applied.cacheTag(node, graph).map(({ format }) => readFormat(String(format))),
    invalidatedBy: (node, graph) => applied.cacheInvalidate(node, graph).flatMap(({ types }) => texts(types)),
  };
}

const noHint: Hint = { maxAgeSeconds: undefined, scope: undefined, inherits: false };

type Arguments = Readonly<Record<string, unknown>>;

function hint({ maxAge, scope, inheritMaxAge }: Arguments): Hint {
  return {
    maxAgeSeconds: typeof maxAge === 'number' && Number.isFinite(maxAge) ? Math.max(0, maxAge) : undefined,
    scope: scope === 'PUBLIC' || scope === 'PRIVATE' ? scope : undefined,
    inherits: inheritMaxAge === true,
  };
}

/** A type may be declared by several subgraphs, each with a hint of its own. */
const narrower = (one: Hint, other: Hint): Hint => ({
  maxAgeSeconds: least(one.maxAgeSeconds, other.maxAgeSeconds),
  scope: [one.scope, other.scope].includes('PRIVATE') ? 'PRIVATE' : one.scope && other.scope,
  inherits: one.inherits && other.inherits,
});

const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);

type Reader = (node: Declared, graph: string) => readonly Arguments[];

/** Applications as they stand, and those that composition carries in `@join__directive` for single subgraphs. */
function reader(document: DocumentNode, directive: string): Reader {
  const names = namesOf(document, directive);
  return ({ directives = [] }, graph) =>
    directives.flatMap((node) => {
      const given = argumentsOf(node);
      if (names.has(node.name.value)) return [given];
      const isCarried =
        node.name.value === 'join__directive' &&
        texts(given['graphs']).includes(graph) &&
        names.has(String(given['name']).replace(/^federation__/, ''));
      return isCarried ? [(given['args'] ?? {}) as Arguments] : [];
    });
}

/** The names that links give a directive; its own where no link speaks of it. */
function namesOf(document: DocumentNode, directive: string): ReadonlySet<string> {
  const linked = new Set(linksOf(document).flatMap((link) => link.directiveNames(directive)));
  const isDefined = ({ name }: { readonly name: { readonly value: string } }): boolean => linked.has(name.value);
  const known = document.definitions.some((node) => node.kind === Kind.DIRECTIVE_DEFINITION && isDefined(node));
  return known ? linked : new Set([...linked, directive]);
}

const argumentsOf = ({ arguments: given = [] }: ConstDirectiveNode): Arguments =>
  Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
