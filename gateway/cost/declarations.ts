import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { Kind, valueFromASTUntyped } from 'graphql';

/** Fields of the answer whose lists are as long as the field that names them says; nested as their selection is. */
export type SizedFields = ReadonlyMap<string, SizedFields>;

/** What `@listSize` says of a field. */
export type ListSize = {
  readonly assumed: number | undefined;
  /** Paths of the arguments that tell how long the list is, such as `first` or `page.size`. */
  readonly slicing: readonly (readonly string[])[];
  readonly sized: SizedFields;
  /** True when an operation has to give one of the slicing arguments. */
  readonly required: boolean;
};

type Declared = { readonly directives?: readonly ConstDirectiveNode[] | undefined };

/** Reads what a schema declares about cost, under the names that the schema has for it. */
export type Declarations = {
  /** Points of `@cost`; a negative weight counts as 0, since every price is a sum of parts that cost something or nothing. */
  readonly weightOf: (node: Declared) => number | undefined;
  readonly listSizeOf: (node: Declared) => ListSize | undefined;
};

/** The cost directives of Federation 2.9 (https://specs.apollo.dev/cost/v0.1); a schema without that link declares nothing. */
export function declarations(document: DocumentNode): Declarations {
  const names = linkedNames(document);
  return {
    weightOf(node) {
      const weight = find(node, names.get('cost'))?.get('weight');
      return weight === undefined ? undefined : countOf(weight);
    },
    listSizeOf(node) {
      const given = find(node, names.get('listSize'));
      return given === undefined ? undefined : listSize(given);
    },
  };
}

type Arguments = ReadonlyMap<string, unknown>;

function listSize(given: Arguments): ListSize {
  const assumed = given.get('assumedSize') ?? undefined;
  return {
    assumed: assumed === undefined ? undefined : countOf(assumed),
    slicing: textsOf(given.get('slicingArguments')).map((path) => path.split('.')),
    sized: sizedFields(textsOf(given.get('sizedFields')).join(' ')),
    required: given.get('requireOneSlicingArgument') !== false,
  };
}

type Open = Map<string, Open>;

/** Reads names and braces, such as `nodes edges` or `results { page }`. */
function sizedFields(text: string): SizedFields {
  const root: Open = new Map();
  const around: Open[] = [root];
  let last = root;
  for (const word of text.match(/[{}]|\w+/g) ?? []) {
    if (word === '{') around.push(last);
    if (word === '}') around.pop();
    if (!/\w/.test(word)) continue;
    last = new Map();
    around.at(-1)?.set(word, last);
  }
  return root;
}

const identity = /^https:\/\/specs\.apollo\.dev\/cost\/v\d/;

/** What the schema calls `cost` and `listSize`: imported names, else names with the prefix of the link. */
function linkedNames(document: DocumentNode): ReadonlyMap<string, string> {
  const link = document.definitions
    .flatMap((node) =>
      node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION ? (node.directives ?? []) : [],
    )
    .map(argumentsOf)
    .find((given) => identity.test(String(given.get('url'))));
  if (link === undefined) return new Map();
  const prefix = String(link.get('as') ?? 'cost');
  return new Map([['cost', prefix], ['listSize', `${prefix}__listSize`], ...importedNames(link.get('import'))]);
}

function importedNames(imports: unknown): readonly (readonly [string, string])[] {
  if (!Array.isArray(imports)) return [];
  return imports.map((given: string | { readonly name: string; readonly as?: string }) => {
    const { name, as = name } = typeof given === 'string' ? { name: given } : given;
    return [withoutSign(name), withoutSign(as)];
  });
}

const withoutSign = (name: string): string => name.replace(/^@/, '');

function find({ directives = [] }: Declared, name: string | undefined): Arguments | undefined {
  const directive = directives.find((node) => node.name.value === name);
  return directive && argumentsOf(directive);
}

const argumentsOf = ({ arguments: given = [] }: ConstDirectiveNode): Arguments =>
  new Map(given.map((node) => [node.name.value, valueFromASTUntyped(node.value)]));

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** A whole number from 0 to 2^53−1; 0 for what is no number, which no composed schema holds. */
const countOf = (value: unknown): number => Math.min(Math.max(Math.ceil(Number(value)) || 0, 0), Number.MAX_SAFE_INTEGER);
