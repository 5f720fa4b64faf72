import { readFileSync } from 'node:fs';
import type { ValidationRule } from 'graphql';
import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { readConfig } from '#gateway/config.ts';
import { documentRules } from '#gateway/pipeline.ts';

/*
 * What a bad text costs before it is refused: `node test/bench/limits.ts`. Parsing and validating against the laboratory's
 * schema, with the gateway's limits and with GraphQL's rules alone. The first time in a process is told beside the median:
 * an attacker needs no second one.
 */

const config = readConfig({ ENVIRONMENT: 'test' });
const schema = buildSchema(readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8'), { assumeValid: true });
const many = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, at) => part(at)).join(' ');
const samples = (selections: string): string => `{ samples { nodes { ${selections} } } }`;

const texts: readonly (readonly [string, string])[] = [
  ['A23 10,000 aliases', `{ ${many(10_000, (at) => `a${at}: __typename`)} }`],
  ['A23 660 aliases', `{ ${many(660, (at) => `a${at}: __typename`)} }`],
  ['A25 1,000 unknown root fields', `{ ${many(1_000, (at) => `sample${at}`)} }`],
  ['A25 1,000 unknown fields', samples(many(1_000, (at) => `name${at}`))],
  ['A26 10,000 times one field', `{ ${many(10_000, () => '__typename')} }`],
  ['A26 1,990 times one field', samples(many(1_980, () => 'id'))],
  ['A26 490 times samples{totalCount}', `{ ${many(490, () => 'samples{totalCount}')} }`],
  ['A26 480 times nodes{id}', `{ samples { ${many(480, () => 'nodes{id}')} } }`],
  ['A26 the same in a fragment', `{ samples { ...F } } fragment F on SampleConnection { ${many(475, () => 'nodes{id}')} }`],
  ['A26 in a fragment that nobody uses', `{ __typename } fragment F on SampleConnection { ${many(475, () => 'nodes{id}')} }`],
  ['A26 370 times nodes{...F}', `{ samples { ${many(370, () => 'nodes{...F}')} } } fragment F on Sample { id name status }`],
  [
    'A27 fragments in a cycle',
    `${samples('...F0')} ${many(20, (at) => `fragment F${at} on Sample { ${many(20, (to) => `...F${to}`)} }`)}`,
  ],
  [
    '150 doublings',
    `${samples('...F0')} ${many(150, (at) => `fragment F${at} on Sample { ...F${at + 1} ...F${at + 1} }`)} fragment F150 on Sample { id }`,
  ],
  ['A34 200 KB of one letter', `{ ${'a '.repeat(100_000)} }`],
  ['nearly the most that passes: 57 times a field', `{ samples { ${many(57, () => 'nodes{template{id}}')} } }`],
  ['an ordinary operation', samples('id name status template { name }')],
];

function taken(text: string, rules: readonly ValidationRule[]): { readonly ms: number; readonly errors: number } {
  const started = performance.now();
  const errors = refusals(text, rules);
  return { ms: performance.now() - started, errors };
}

function refusals(text: string, rules: readonly ValidationRule[]): number {
  try {
    return validate(schema, parse(text, { maxTokens: config.plan.maxTokens }), rules, { maxErrors: 4 }).length;
  } catch {
    return 1;
  }
}

function told(text: string, rules: readonly ValidationRule[]): string {
  const first = taken(text, rules);
  const rest = Array.from({ length: 9 }, () => taken(text, rules).ms).sort((one, other) => one - other);
  const ms = (value = Number.NaN): string => value.toFixed(1).padStart(6);
  return `${ms(first.ms)} ${ms(rest[4])} ms, ${first.errors} errors`;
}

console.log('first, median of the next nine');
for (const [name, text] of texts) {
  console.log(name);
  console.log(`  limits       ${told(text, [...specifiedRules, ...documentRules(config)])}`);
  console.log(`  GraphQL only ${told(text, specifiedRules)}`);
}
