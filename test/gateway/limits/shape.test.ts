import fc from 'fast-check';
import type { ASTNode, DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind, parse, visit } from 'graphql';
import { expect, test } from 'vitest';
import { fieldPairs } from '#gateway/limits/field-pairs.ts';
import type { Shape } from '#gateway/limits/shape.ts';
import { measure } from '#gateway/limits/shape.ts';

function operationOf(document: DocumentNode): OperationDefinitionNode {
  const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('The text has no operation.');
  return operation;
}

const shapeOf = (document: DocumentNode): Shape | undefined => measure(document).shapes[0];
const shape = (text: string): Partial<Shape> => shapeOf(parse(text)) ?? {};

const pairs = (text: string, maxFieldPairs = 1_000_000): number => fieldPairs(parse(text), { maxFieldPairs, maxDepth: 64 });

/** Fragments that use the next one twice. */
const doubling = (levels: number, last: string): string =>
  Array.from({ length: levels }, (_, level) => `fragment F${level} on T { ...F${level + 1} ...F${level + 1} }`).join(' ') +
  ` fragment F${levels} on T ${last}`;

test('a fragment counts at each use as if it were written there', () => {
  expect(shape('{ a { b c } d { b c } }')).toEqual(shape('{ a { ...F } d { ...F } } fragment F on T { b c }'));
  expect(shape('{ a { ... on T { b c } } d { ... { b c } } }').selections).toBe(6);
  expect(shape('query($v: Int @x @y) @x { a @x { ...F @x } } fragment F on T @x { one: b two: __typename }')).toEqual({
    aliases: 2,
    directives: 6,
    directivesOnOneNode: 2,
    rootFields: 1,
    depth: 2,
    selections: 3,
  });
});

test('sixty doublings are counted at once and do not overflow', () => {
  const { selections, aliases, rootFields, depth } = shape(`{ ...F0 } ${doubling(60, '{ a { x: b } }')}`);
  expect([selections, aliases, rootFields, depth]).toEqual([
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    2,
  ]);
});

test('a fragment is used when an operation leads to it', () => {
  const { shapes, unused } = measure(
    parse(
      'query A { ...F } query B { b } fragment F on T { ...G } fragment G on T { a } fragment H on T { ...I } fragment I on T { a }',
    ),
  );
  expect([shapes.map(({ selections }) => selections), unused]).toEqual([
    [1, 1],
    ['H', 'I'],
  ]);
});

test('cycles and unknown fragments of a text that was not validated come to an end', () => {
  const cycles = '{ ...A ...Nobody } fragment A on T { a { ...B } b { ...B } } fragment B on T { c { ...A } d { ...A ...B } }';
  expect(shape(cycles).selections).toBeLessThan(20);
  expect(pairs(cycles, 10_000)).toBeLessThan(30_000);
  expect(pairs(`{ ...F0 } ${doubling(60, '{ ...F0 }')}`)).toBeLessThan(100);
});

test('fields of the same name and place are counted in pairs, those in fragments too', () => {
  expect(pairs('{ a b c }')).toBe(0);
  expect(pairs('{ a a a }')).toBe(3);
  expect(pairs('{ a: x a: y b: x }')).toBe(1);
  // One pair of `a`, and below both of them together four fields `b`.
  expect(pairs('{ a { b b } a { ... { b } ... on T { b } } }')).toBe(1 + 6);
  // Three uses of the fragment, each compared with each.
  expect(pairs('{ a { ...F } a { ...F } a { ...F } } fragment F on T { b }')).toBe(3 + 3 + 3);
});

test('counting pairs ends when there are too many', () => {
  const nested = (depth: number): string => (depth === 0 ? '{ a }' : `{ ${`a ${nested(depth - 1)} `.repeat(8)} }`);
  expect(pairs(nested(4), 100)).toBeLessThan(10_000);
});

const name = fc.constantFrom('a', 'b', 'c', '__typename');
const directives = fc.array(fc.constant('@x'), { maxLength: 2 }).map((all) => all.join(' '));
const fragments = 4;

/** Selections that may use the fragments from this number on, so that none uses itself. */
function set(level: number, from: number): fc.Arbitrary<string> {
  const below = level === 0 ? fc.constant('') : fc.option(set(level - 1, from), { nil: '' });
  const field = fc
    .tuple(fc.option(name, { nil: undefined }), name, directives, below)
    .map(([alias, of, marks, inner]) => `${alias === undefined ? '' : `${alias}: `}${of} ${marks} ${inner}`);
  const kinds = [field];
  if (level > 0) kinds.push(fc.tuple(directives, set(level - 1, from)).map(([marks, inner]) => `... ${marks} ${inner}`));
  if (from < fragments)
    kinds.push(fc.tuple(fc.integer({ min: from, max: fragments - 1 }), directives).map(([of, marks]) => `...F${of} ${marks}`));
  return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 3 }).map((all) => `{ ${all.join(' ')} }`);
}

const text = fc
  .tuple(
    directives,
    set(3, 0),
    ...Array.from({ length: fragments }, (_, index) =>
      fc.tuple(directives, set(2, index + 1)).map(([marks, inner]) => `fragment F${index} on T ${marks} ${inner}`),
    ),
  )
  .map(([marks, operation, ...rest]) => `query ${marks} ${operation} ${rest.join(' ')}`);

/** The document with every fragment written out where it is used. */
function spread(document: DocumentNode): DocumentNode {
  const known = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  ) as ReadonlyMap<string, FragmentDefinitionNode>;
  const inline = (selectionSet: SelectionSetNode, marks: FragmentDefinitionNode['directives'] = []) =>
    ({ kind: Kind.INLINE_FRAGMENT, directives: marks, selectionSet }) as const;
  const written = <Node extends ASTNode>(node: Node): Node =>
    visit(node, {
      FragmentSpread(use) {
        const fragment = known.get(use.name.value);
        if (fragment === undefined) throw new Error('There is no such fragment.');
        const inner = inline(written(fragment.selectionSet), fragment.directives);
        return inline({ kind: Kind.SELECTION_SET, selections: [inner] }, use.directives);
      },
    });
  return { ...document, definitions: [written(operationOf(document))] };
}

/** The same numbers by looking at every node of a document without fragments. */
function counted(document: DocumentNode): Shape {
  const found = { aliases: 0, directives: 0, directivesOnOneNode: 0, rootFields: 0, depth: 0, selections: 0 };
  visit(document, {
    enter(node, _key, _parent, _path, ancestors) {
      const marks = 'directives' in node ? (node.directives?.length ?? 0) : 0;
      found.directives += marks;
      found.directivesOnOneNode = Math.max(found.directivesOnOneNode, marks);
      if (node.kind !== Kind.FIELD) return;
      const above = ancestors.filter((ancestor) => 'kind' in ancestor && ancestor.kind === Kind.FIELD).length;
      found.selections += 1;
      found.aliases += node.alias === undefined ? 0 : 1;
      found.rootFields += above === 0 ? 1 : 0;
      found.depth = Math.max(found.depth, above + 1);
    },
  });
  return found;
}

test('counting fragments by their numbers gives what writing them out gives', () => {
  fc.assert(
    fc.property(text, (query) => {
      const document = parse(query);
      expect(shapeOf(document)).toEqual(counted(spread(document)));
    }),
    { numRuns: 200 },
  );
});

/** Pairs by comparing the path of every field with every other. */
function comparedPairs(document: DocumentNode): number {
  const paths: string[] = [];
  visit(document, {
    Field(node, _key, _parent, _path, ancestors) {
      const fields = [...ancestors, node].flatMap((part) => ('kind' in part && part.kind === Kind.FIELD ? [part] : []));
      paths.push(fields.map((field) => (field.alias ?? field.name).value).join('.'));
    },
  });
  return paths.reduce((sum, path, index) => sum + paths.slice(0, index).filter((other) => other === path).length, 0);
}

test('pairs counted by place are those that comparing every field with every other finds', () => {
  fc.assert(
    fc.property(set(4, fragments), (query) => {
      expect(pairs(query)).toBe(comparedPairs(parse(query)));
    }),
    { numRuns: 200 },
  );
});
