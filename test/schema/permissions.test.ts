import { readFileSync } from 'node:fs';
import type { ConstDirectiveNode } from 'graphql';
import { Kind, parse, print } from 'graphql';
import { describe, expect, test } from 'vitest';
import { allScopes } from '#kit/caller.ts';
import { subgraphNames } from '#kit/service-names.ts';

/*
 * Every demand stands twice: as a directive, which the gateway enforces before it plans, and as a rule of the subgraph
 * itself, for whoever reaches it by another way. The two must say the same.
 */

const directiveNames = new Set(['authenticated', 'requiresScopes', 'policy']);

const demandsOn = ({ directives = [] }: { readonly directives?: readonly ConstDirectiveNode[] }): readonly string[] =>
  directives.filter(({ name }) => directiveNames.has(name.value)).map((directive) => print(directive));

/** The directive that says what a rule of kit/shield.ts says. */
function demandOf(rule: string | undefined): readonly string[] {
  const scope = /^may (.+)$/.exec(rule ?? '')?.[1];
  if (scope !== undefined) return [`@requiresScopes(scopes: [["${scope.replaceAll(' and ', '", "')}"]])`];
  if (rule === 'signed in') return ['@policy(policies: [["kind:user"]])'];
  if (rule === 'known') return ['@authenticated'];
  return [];
}

/** Types that everybody who may ask for the field around them may see: what a login gives, people's names, where a page stands. */
const open = new Set(['Query', 'Mutation', 'AuthPayload', 'User', 'PageInfo']);

/** Types that several subgraphs extend, by the one that says who may see them. */
const owners: Readonly<Record<string, string>> = { Sample: 'samples', Template: 'templates' };

describe.each(subgraphNames)('%s', (name) => {
  const sdl = readFileSync(new URL(import.meta.resolve(`#subgraphs/${name}/schema.graphql`)), 'utf8');
  const types = parse(sdl).definitions.flatMap((node) => (node.kind === Kind.OBJECT_TYPE_DEFINITION ? [node] : []));

  test('a root field demands by directive what its rule demands', async () => {
    const { permissions } = await import(`#subgraphs/${name}/permissions.ts`);
    const fields = types
      .filter((type) => type.name.value === 'Query' || type.name.value === 'Mutation')
      .flatMap((type) => (type.fields ?? []).map((field) => ({ field, rule: permissions[type.name.value]?.[field.name.value] })));
    expect(fields.length).toBeGreaterThan(1);
    for (const { field, rule } of fields) {
      expect(rule, `${field.name.value} has no rule`).toBeDefined();
      expect([field.name.value, demandsOn(field)]).toEqual([field.name.value, demandOf(rule.name)]);
    }
  });

  test('so does any other field that has a rule', async () => {
    const { permissions } = await import(`#subgraphs/${name}/permissions.ts`);
    for (const type of types.filter((type) => !['Query', 'Mutation'].includes(type.name.value))) {
      for (const [field, rule] of Object.entries<{ name: string }>(permissions[type.name.value] ?? {})) {
        const node = type.fields?.find((one) => one.name.value === field);
        expect([field, node && demandsOn(node)]).toEqual([field, demandOf(rule.name)]);
      }
    }
  });

  test('every type of its own says who may see it, by a scope that exists', () => {
    for (const type of types) {
      const isOwn = !open.has(type.name.value) && (owners[type.name.value] ?? name) === name;
      const demands = demandsOn(type);
      expect([type.name.value, demands.length]).toEqual([type.name.value, isOwn ? 1 : 0]);
    }
    const scopes = [...sdl.matchAll(/@requiresScopes\(scopes: \[\["([^"]+)"\]\]\)/g)].map(([, scope]) => scope);
    expect(allScopes).toEqual(expect.arrayContaining([...new Set(scopes)]));
  });
});
