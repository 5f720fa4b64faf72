import type { DocumentNode } from 'graphql';
import { Kind, visit } from 'graphql';

type Values = Readonly<Record<string, unknown>>;

/** Ways to skip and include that are kept of one document. */
const maxWays = 32;

/** Compiles once for each way in which variables skip and include; nearly always there is one. */
export function perCondition<Compiled>(
  document: DocumentNode,
  compile: (values: Values) => Compiled,
): (values: Values) => Compiled {
  const names = conditionVariables(document);
  const known = new Map<string, Compiled>();
  return (values) => {
    const way = names.map((name) => (values[name] === true ? '1' : '0')).join('');
    const kept = known.get(way);
    if (kept !== undefined) return kept;
    if (known.size >= maxWays) known.clear();
    const compiled = compile(values);
    known.set(way, compiled);
    return compiled;
  };
}

/** Names of the variables that decide what a document skips or includes. */
function conditionVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: [condition] = [] }) {
      if (name.value !== 'skip' && name.value !== 'include') return;
      if (condition?.value.kind === Kind.VARIABLE) names.add(condition.value.name.value);
    },
  });
  return [...names];
}
