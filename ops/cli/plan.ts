import { Supergraph } from '@apollo/federation-internals';
import { prettyFormatQueryPlan } from '@apollo/query-planner';
import { parse, validate } from 'graphql';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { planMaker } from '#kit/plan-maker.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { read } from './operations.ts';
import { say } from './print.ts';
import { commonOptions, readWords } from './words.ts';

const help = `Shows which subgraphs an operation asks, in which order and for what, as the gateway would plan it. Nothing is asked.

  npm run cli -- plan operation.graphql
  npm run cli -- plan '{ samples(first: 3) { nodes { name template { name } } } }' --json

  --supergraph  file of another supergraph (the built-in one, or SUPERGRAPH_PATH)
  --operation   name of the operation, where there are several
  --json        print the plan as JSON

Rights play no part: what a caller may not see is taken out of an operation before it is planned.
Exit code 0 for a plan, 1 for an operation that the supergraph does not know, 2 for wrong words.`;

export const plan: Command = {
  summary: 'show the query plan of an operation',
  help,
  async run(words, environment) {
    const { positionals, values } = readWords(words, ['operation'], {
      ...commonOptions,
      supergraph: { type: 'string' },
      operation: { type: 'string' },
    });
    const [given = ''] = positionals;
    const text = given.includes('{') ? given : await read(given);
    const sdl = await supergraphOf(values.supergraph ?? environment['SUPERGRAPH_PATH']);
    checkOperation(sdl, text, values.operation);
    const { MAX_EVALUATED_PLANS: most } = environment;
    const planned = planMaker({ sdl, maxEvaluatedPlans: Number(most || 1_000) })({ text, operationName: values.operation });
    return say(values.json ? JSON.stringify(planned, null, 2) : prettyFormatQueryPlan(planned));
  },
};

async function supergraphOf(path: string | undefined): Promise<string> {
  const sdl = await read(path || new URL(import.meta.resolve('#schema/supergraph.graphql')));
  return plannerSdl(sdl, authorizationFeatures);
}

/** The planner takes an operation to be valid. @throws Error with one line for each thing that is wrong */
function checkOperation(sdl: string, text: string, name: string | undefined): void {
  const schema = Supergraph.build(sdl).apiSchema().toGraphQLJSSchema();
  const document = parse(text);
  const errors = validate(schema, document);
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  const names = document.definitions.flatMap((node) => (node.kind === 'OperationDefinition' ? [node.name?.value ?? ''] : []));
  if (name === undefined ? names.length !== 1 : !names.includes(name))
    throw new UsageError(`--operation names one of: ${names.join(', ')}.`);
}
