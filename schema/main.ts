import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { subgraphSdl } from '#kit/subgraph-sdl.ts';
import { cacheFaults } from './caching.ts';
import { check } from './check.ts';
import type { Composed, SubgraphSdl } from './compose.ts';
import { compose } from './compose.ts';

const help = `Composes the subgraphs of this repository.

  npm run compose                       writes schema/supergraph.graphql and schema/api.graphql
  npm run compose -- --allow-breaking   also when clients of the committed API would break
  node schema/main.ts check             exit 1 when the committed files are out of date or the API would break`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'allow-breaking': { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});

const file = (name: string): URL => new URL(import.meta.resolve(`#schema/${name}`));
const supergraphFile = file('supergraph.graphql');
const apiFile = file('api.graphql');

async function readSubgraphs(): Promise<SubgraphSdl[]> {
  const root = new URL('.', import.meta.resolve('#subgraphs/registry.ts'));
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return folders
    .sort()
    .map((name) => ({ name, url: `local:${name}`, sdl: subgraphSdl(new URL(`${name}/schema.graphql`, root)) }));
}

async function readCommitted(): Promise<Pick<Composed, 'supergraph' | 'api'> | undefined> {
  if (!existsSync(supergraphFile) || !existsSync(apiFile)) return undefined;
  return { supergraph: await readFile(supergraphFile, 'utf8'), api: await readFile(apiFile, 'utf8') };
}

async function runCompose(composed: Composed): Promise<number> {
  const committed = await readCommitted();
  const breaking = committed === undefined ? [] : check(committed, composed).breaking;
  if (breaking.length > 0 && !values['allow-breaking']) {
    return complain('Clients of the committed API would break; repeat with --allow-breaking when that is wanted.', breaking);
  }
  await Promise.all([writeFile(supergraphFile, composed.supergraph), writeFile(apiFile, composed.api)]);
  for (const hint of composed.hints) console.log(hint);
  console.log('Wrote schema/supergraph.graphql and schema/api.graphql.');
  return 0;
}

async function runCheck(composed: Composed): Promise<number> {
  const committed = await readCommitted();
  if (committed === undefined) return complain('schema/supergraph.graphql is missing; run: npm run compose', []);
  const { breaking, dangerous, drifted } = check(committed, composed);
  for (const change of dangerous) console.log(`dangerous: ${change}`);
  if (breaking.length > 0) return complain('Clients of the committed API would break:', breaking);
  if (drifted) return complain('The committed supergraph is not what the subgraphs compose to; run: npm run compose', []);
  console.log('The committed supergraph is up to date.');
  return 0;
}

function complain(sentence: string, lines: readonly string[]): number {
  console.error([sentence, ...lines.map((line) => `  ${line}`)].join('\n'));
  return 1;
}

async function main(): Promise<number> {
  const [verb] = positionals;
  if (values.help || (verb !== 'compose' && verb !== 'check')) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  const subgraphs = await readSubgraphs();
  const faults = cacheFaults(subgraphs);
  if (faults.length > 0) return complain('The subgraphs do not say rightly what may be kept of their answers:', faults);
  const composed = compose(subgraphs);
  return verb === 'compose' ? runCompose(composed) : runCheck(composed);
}

process.exitCode = await main().catch((error: Error) => complain('The subgraphs do not compose:', error.message.split('\n')));
