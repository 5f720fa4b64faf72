import type { ConstDirectiveNode } from 'graphql';
import { buildASTSchema, getNamedType, isInterfaceType, isObjectType, parse } from 'graphql';
import { expect, test } from 'vitest';
import { authorizer } from '#gateway/authorization/authorization.ts';
import { callerPolicies } from '#gateway/authorization/policies.ts';
import { requirementsOf } from '#gateway/authorization/requirements.ts';
import type { SupergraphSource } from '#gateway/plan/supergraph-source.ts';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { roles, stranger } from '#kit/caller.ts';
import { linksOf } from '#kit/links.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { partner, person } from '#test/harness/callers.ts';
import { testGateway } from '#test/harness/gateway.ts';
import { holder, startArchive, supergraph } from './archive.ts';

const withLink = (link: string): string => supergraph.replace('schema\n', `schema\n  @link(${link})\n`);

const refused: readonly (readonly [string, string])[] = [
  ['https://locks.example/locks/v1.0', 'for: SECURITY'],
  ['https://locks.example/locks/v1.0', 'for: EXECUTION'],
  ['https://specs.apollo.dev/context/v0.1', 'for: SECURITY'],
  ['https://specs.apollo.dev/authenticated/v0.2', 'for: SECURITY, as: "newer"'],
  ['https://specs.apollo.dev/requiresScopes/v1.0', 'as: "newer"'],
];

test.each(refused)('a supergraph that links %s %s does not start, and the feature is named', async (url, rest) => {
  await expect(startArchive({ sdl: withLink(`url: "${url}", ${rest}`) })).rejects.toThrow(url);
});

test('a reload that links an unknown security feature is passed over, the next good one is taken', async () => {
  const reloaded = Promise.withResolvers<(sdl: string) => void>();
  const source: SupergraphSource = {
    sdl: supergraph,
    read: async () => supergraph,
    watch: ({ onChange }) => reloaded.resolve(onChange),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const locals = new Map(
    ['items', 'people'].map((name) => [name, { execute: async () => ({ data: { secret: { id: 's1' } } }) }]),
  );
  await using gateway = await testGateway({ source, locals, identify: async () => holder() });
  (await reloaded.promise)(withLink('url: "https://locks.example/locks/v1.0", for: SECURITY'));
  (await reloaded.promise)(supergraph.replaceAll('secrets:read', 'secrets:see'));
  await expect
    .poll(async () => (await gateway.query('{ secret { id } }')).body.errors?.[0]?.message, { timeout: 10_000 })
    .toBe('This needs the scope secrets:see.');
});

test('the planner gets a supergraph without the purpose of what is enforced here, and else as it was', () => {
  const given = withLink('url: "https://locks.example/locks/v1.0", for: SECURITY');
  const purposes = (sdl: string) =>
    linksOf(parse(sdl)).flatMap(({ url, node }) => {
      const purpose = node.arguments?.find(({ name }) => name.value === 'for')?.value;
      return purpose?.kind === 'EnumValue' ? [`${url} ${purpose.value}`] : [];
    });
  expect(purposes(given)).toHaveLength(5);
  expect(purposes(plannerSdl(given, authorizationFeatures))).toEqual([
    'https://locks.example/locks/v1.0 SECURITY',
    'https://specs.apollo.dev/join/v0.5 EXECUTION',
  ]);
});

test('a link is found under any name of the link directive, its directives under import, namespace and prefix', () => {
  const [, plain, imported, named] = linksOf(
    parse(`extend schema
      @ln(url: "https://specs.apollo.dev/link/v1.0", as: "ln")
      @ln(url: "https://specs.apollo.dev/authenticated/v0.1?a#b")
      @ln(url: "https://specs.apollo.dev/authenticated/v0.1", as: "auth", import: ["Other", { name: "@authenticated", as: "@in" }])
      @ln(url: "https://tags.example/tags/v0.1", as: "tg")
      @link(url: "https://specs.apollo.dev/policy/v0.1")`),
  );
  expect(plain?.directiveNames('authenticated')).toEqual(['authenticated']);
  expect(imported?.directiveNames('authenticated')).toEqual(['in', 'auth']);
  expect(named?.directiveNames('tag')).toEqual(['tg__tag']);
  expect(linksOf(parse('type Query { a: Int }'))).toEqual([]);
});

test('directives under a namespace are enforced', async () => {
  const sdl = supergraph
    .replace('import: [{name: "@requiresScopes", as: "@needs"}]', 'as: "scoped"')
    .replaceAll('@needs', '@scoped')
    .replaceAll('requiresScopes__Scope', 'scoped__Scope');
  await using archive = await startArchive({ sdl });
  const { body } = await archive.ask(holder(), '{ secret { id } }');
  expect(body.errors?.[0]?.message).toBe('This needs the scope secrets:read.');
  expect(archive.asked).toEqual([]);
});

test('a link without a purpose is enforced all the same', async () => {
  await using archive = await startArchive({ sdl: supergraph.replaceAll(', for: SECURITY', '') });
  expect((await archive.ask(stranger, '{ people { name } }')).body.data).toEqual({ people: null });
});

test('a directive whose scopes cannot be read stops the start', () => {
  const sdl = supergraph.replace('@needs(scopes: [["motto:read"]])', '@needs(scopes: "motto:read")');
  expect(sdl).not.toBe(supergraph);
  expect(() => authorizer({ sdl, policies: callerPolicies })).toThrow(
    'A @needs of the supergraph has no scopes that can be read.',
  );
});

test('every element with a directive has a requirement, and no other element has one', () => {
  const document = parse(supergraph);
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  const requirements = requirementsOf(document, schema, callerPolicies);
  const isMarked = ({
    astNode,
  }: {
    readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] } | null | undefined;
  }) => astNode?.directives?.some(({ name }) => ['known', 'needs', 'policy'].includes(name.value)) === true;
  const coordinates = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .flatMap((parent) => Object.values(parent.getFields()).map((field) => ({ parent, field })));
  for (const { parent, field } of coordinates) {
    const found = requirements.of({ parent, field: field.name, possible: [] }).length > 0;
    const marked = [parent, field, getNamedType(field.type)].some(isMarked);
    expect([`${parent.name}.${field.name}`, found]).toEqual([`${parent.name}.${field.name}`, marked]);
  }
  expect(coordinates.filter(({ field }) => isMarked(field)).length).toBeGreaterThan(8);
});

test('policies know the kind of a caller, and roles from the named one upwards', () => {
  const holding = (caller: Parameters<NonNullable<ReturnType<typeof callerPolicies.get>>>[0]) =>
    [...callerPolicies].filter(([, holds]) => holds(caller)).map(([name]) => name);
  expect(holding(stranger)).toEqual([]);
  expect(holding(partner('acme-genomics', []))).toEqual(['kind:partner']);
  expect(holding(person('guest'))).toEqual(['kind:user', 'role:guest']);
  expect(holding(person('lab_technician'))).toEqual([
    'kind:user',
    'role:guest',
    'role:data_analyst',
    'role:research_scientist',
    'role:lab_technician',
  ]);
  expect(holding(person('lab_administrator'))).toHaveLength(1 + roles.length);
});
