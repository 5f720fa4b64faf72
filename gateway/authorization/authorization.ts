import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { buildASTSchema, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Admission } from '#gateway/request.ts';
import type { Condition } from './conditions.ts';
import type { Judged } from './judge.ts';
import { judge } from './judge.ts';
import { permittedDocument, typenameField } from './permitted-document.ts';
import type { Policies } from './policies.ts';
import { requirementsOf } from './requirements.ts';
import type { Seen } from './verdict.ts';
import { conditionsIn, seenWithout } from './verdict.ts';

/** What is left of an operation to callers who lack the same conditions. */
export type Verdict = {
  readonly seen: readonly Seen[];
  /** The operation that may be planned, and its document. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Name of the root type. */
  readonly root: string;
  /** Name in the answer under which types of objects were asked. */
  readonly typename: string;
};

/** Undefined when the caller may see all that the operation selects. */
export type Authorize = (admission: Admission) => Verdict | undefined;

type Parts = { readonly sdl: string; readonly policies: Policies };

type JudgedOperation = {
  readonly selections: readonly Judged[];
  readonly conditions: readonly Condition[];
  readonly verdicts: LRUCache<string, Verdict>;
};

/** Different sets of rights that one operation is kept for. */
const maxVerdicts = 32;

/**
 * Holds operations against what the supergraph demands of callers. An operation is judged once; what is left of it is
 * kept by the conditions that were not met, so that callers with the same rights share it.
 * @throws Error for a supergraph with a demand that cannot be enforced
 */
export function authorizer({ sdl, policies }: Parts): Authorize {
  const document = parse(sdl, { noLocation: true });
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  const requirements = requirementsOf(document, schema, policies);
  if (!requirements.some) return () => undefined;
  const known = new WeakMap<OperationDefinitionNode, JudgedOperation>();
  const judgedOf = (admission: Admission): JudgedOperation => {
    const kept = known.get(admission.operation);
    if (kept !== undefined) return kept;
    const selections = judge(admission, { schema, requirements });
    const judged = {
      selections,
      conditions: conditionsIn(selections),
      verdicts: new LRUCache<string, Verdict>({ max: maxVerdicts }),
    };
    known.set(admission.operation, judged);
    return judged;
  };
  const rootOf = ({ operation }: OperationDefinitionNode): string => schema.getRootType(operation)?.name ?? '';
  return (admission) => {
    const { selections, conditions, verdicts } = judgedOf(admission);
    const { caller } = admission.context.call;
    const lacking = new Set(conditions.filter(({ holds }) => !holds(caller)));
    if (lacking.size === 0) return undefined;
    const key = conditions.map((condition) => (lacking.has(condition) ? '0' : '1')).join('');
    const kept = verdicts.get(key);
    if (kept !== undefined) return kept;
    const verdict = verdictOn(admission.operation, { selections, lacking, root: rootOf(admission.operation) });
    verdicts.set(key, verdict);
    return verdict;
  };
}

type Found = { readonly selections: readonly Judged[]; readonly lacking: ReadonlySet<Condition>; readonly root: string };

function verdictOn(operation: OperationDefinitionNode, { selections, lacking, root }: Found): Verdict {
  const seen = seenWithout(selections, lacking);
  const typename = typenameField(selections);
  return { seen, root, typename: (typename.alias ?? typename.name).value, ...permittedDocument(operation, seen, typename) };
}
