import { readFile } from 'node:fs/promises';
import { askGateway, gatewayOptions } from './ask-gateway.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { readWords } from './words.ts';

const help = `Sends one operation to a running gateway and prints the answer.

  npm run cli -- query '{ samples(first: 3) { nodes { name } } }' --key lg_test_HelixLabsEnterprisePlanDevKey001
  npm run cli -- query operation.graphql --token eyJ… --variables '{"id":"5a000000-0000-4000-8000-000000000001"}'

  --url        endpoint (http://127.0.0.1:8000/graphql)
  --key        organization key, sent as X-API-Key
  --token      JWT, sent as Authorization: Bearer
  --variables  JSON object

Exit code 0 for an answer without errors, 1 for an answer with errors, 2 when it could not be asked.`;

async function run(words: readonly string[]): Promise<number> {
  const { positionals, values } = readWords(words, ['operation'], {
    ...gatewayOptions,
    variables: { type: 'string', default: '{}' },
  });
  const [operation = ''] = positionals;
  const query = operation.includes('{') ? operation : await readOperation(operation);
  const { answer } = await askGateway(values, { query, variables: readVariables(values.variables) });
  console.log(JSON.stringify(answer, null, 2));
  return 'errors' in answer ? 1 : 0;
}

async function readOperation(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} is neither an operation nor a file that can be read.`, { cause });
  }
}

function readVariables(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('--variables is not JSON.');
  }
}

export const query: Command = { summary: 'send an operation to a running gateway', help, run };
