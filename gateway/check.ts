import { readFile } from 'node:fs/promises';
import { Supergraph } from '@apollo/federation-internals';
import { aliases } from '#kit/aliases.ts';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { readEnvironment } from '#kit/environment.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { readPlans } from '#kit/plans.ts';
import { safeMessage } from '#kit/safe-message.ts';
import { readNamedFile, readVariable } from '#kit/secret-files.ts';
import type { ServiceName } from '#kit/service-names.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import { urlVariable } from '#kit/upstream-settings.ts';
import { authorizer } from './authorization/authorization.ts';
import { callerPolicies } from './authorization/policies.ts';
import type { Config } from './config.ts';
import { readConfig, variableNames } from './config.ts';
import { pricer } from './cost/pricer.ts';
import { isHttpRoute } from './fetch/http-transport.ts';
import { openFeed } from './http/address-feed.ts';
import { openRegistry } from './limits/registry.ts';
import { openSource, readSubgraphList } from './plan/open-source.ts';
import { localName, routesOf } from './plan/routing.ts';
import { withoutUrl } from './services.ts';

/** One thing that would keep a process from starting, or from being of use. */
export type Problem = {
  /** The variable to look at. */
  readonly path: string;
  /** What is wrong, with the place in its file; never a value that could be a secret. */
  readonly message: string;
};

/** The laboratory's services that subgraphs of this process call; undefined where there is no such subgraph. */
type NeedsOf = (subgraph: string) => Promise<readonly ServiceName[] | undefined>;

/**
 * Reads everything that a start reads, and does not connect or listen: variables and the files that they name, plans,
 * registered operations, address feed, supergraph. Vault and live subgraphs are not asked.
 */
export async function checkStart(given: Environment, needsOf: NeedsOf): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const attempt: Attempt = async (path, read) => {
    try {
      return await read();
    } catch (error) {
      problems.push(...told(path, error));
      return undefined;
    }
  };
  const environment = await readable(given, attempt);
  const config = await attempt('ENVIRONMENT', () => readConfig(environment));
  await checkFiles(environment, attempt);
  const sdl = await supergraphOf(environment, attempt);
  if (sdl !== undefined) await checkSupergraph(sdl, { environment, config, attempt });
  if (sdl !== undefined && config !== undefined) await checkReach(sdl, config, { needsOf, attempt });
  if (given['VAULT_ADDR'] && problems.length > 0)
    problems.push({ path: 'VAULT_ADDR', message: 'Vault was not asked; what it holds counts as not set here' });
  return problems;
}

type Attempt = <Value>(path: string, read: () => Value | Promise<Value>) => Promise<Value | undefined>;

/** A message has a line for each thing that is wrong, which begins with its variable where that is known. */
function told(path: string, error: unknown): readonly Problem[] {
  // The operating system's words begin with a code.
  if (error instanceof Error && 'errno' in error) return [{ path, message: safeMessage(error) }];
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, variable = path, message = line] = /^([A-Z][A-Z\d_]{2,}(?: \(or [^)]*\))?): (.*)$/.exec(line) ?? [];
    return { path: variable, message: safeMessage(message) };
  });
}

/** The environment without the files that cannot be read, each of which is a problem of its own. */
async function readable(given: Environment, attempt: Attempt): Promise<Environment> {
  const environment: Record<string, string | undefined> = { ...given, VAULT_ADDR: undefined };
  for (const name of new Set([...variableNames, ...Object.keys(aliases)])) {
    if (!given[`${name}_FILE`]) continue;
    const value = await attempt(`${name}_FILE`, () => readVariable(given, name));
    if (value === undefined) delete environment[`${name}_FILE`];
  }
  return (await attempt('ENVIRONMENT', () => readEnvironment(environment, variableNames))) ?? environment;
}

async function checkFiles(environment: Environment, attempt: Attempt): Promise<void> {
  const { PLANS_PATH: plans, PERSISTED_OPERATIONS_PATH: manifests, IP_FEED_PATH: feed } = environment;
  for (const name of variableNames.filter((variable) => variable.endsWith('_CA_FILE'))) {
    const file = environment[name];
    if (file) await attempt(name, () => readNamedFile(name, file));
  }
  if (plans) await attempt('PLANS_PATH', async () => readPlans(await readFile(plans, 'utf8')));
  const options = { pollMs: 60_000, onReload: () => undefined };
  if (manifests) {
    const open = () => openRegistry({ path: manifests, ...options }, options.onReload);
    await attempt('PERSISTED_OPERATIONS_PATH', async () => (await open())[Symbol.asyncDispose]());
  }
  if (feed) await attempt('IP_FEED_PATH', async () => (await openFeed({ path: feed, ...options }))[Symbol.asyncDispose]());
}

/** The text of the supergraph; undefined where it cannot be had, or is to be composed of live subgraphs. */
async function supergraphOf(environment: Environment, attempt: Attempt): Promise<string | undefined> {
  const { SUPERGRAPH_PATH: path, SUBGRAPH_LIST: list } = environment;
  if (list && !path) {
    await attempt('SUBGRAPH_LIST', () => readSubgraphList(list));
    return undefined;
  }
  return attempt('SUPERGRAPH_PATH', async () => {
    const settings = { path: path || undefined, list: list || undefined, pollMs: 60_000, listPollMs: 60_000, secret: '' };
    await using source = await openSource(settings);
    return source.sdl;
  });
}

type SupergraphParts = {
  readonly environment: Environment;
  readonly config: Config | undefined;
  readonly attempt: Attempt;
};

/** What is made of a supergraph before the first request: its planner, what it demands of callers, its prices. */
async function checkSupergraph(sdl: string, { environment, config, attempt }: SupergraphParts): Promise<void> {
  const path = environment['SUPERGRAPH_PATH'] ? 'SUPERGRAPH_PATH' : 'schema/supergraph.graphql';
  await attempt(path, () => {
    Supergraph.build(plannerSdl(sdl, authorizationFeatures)).apiSchema();
    authorizer({ sdl, policies: callerPolicies });
    if (config !== undefined) pricer({ sdl, options: config.cost });
    routesOf(sdl, new Map());
  });
}

type Reach = { readonly needsOf: NeedsOf; readonly attempt: Attempt };

/** Whether every subgraph, and every service behind one, has an address. */
async function checkReach(sdl: string, { environment, fetch, upstreams, organizations }: Config, { needsOf, attempt }: Reach) {
  const needed = new Set<ServiceName>();
  for (const { name, url } of (await attempt('SUPERGRAPH_PATH', () => routesOf(sdl, fetch.urls))) ?? [])
    await attempt('SUPERGRAPH_PATH', async () => {
      const local = localName(url);
      if (local === undefined && !isHttpRoute(url))
        throw new Error(`The route of ${name} is neither local:, http(s): nor consul:.`);
      const needs = local === undefined ? [] : await needsOf(local);
      if (needs === undefined) throw new Error(`There is no subgraph ${local} in this process.`);
      for (const service of needs) needed.add(service);
    });
  const missing = withoutUrl([...needed], { upstreams });
  const alone = 'no URL is set; only ENVIRONMENT=development starts a sandbox';
  if (environment !== 'development')
    await attempt('', () => {
      if (missing.length > 0) throw new Error(missing.map((service) => `${urlVariable(service)}: ${alone}`).join('\n'));
    });
  if (organizations.place === undefined)
    await attempt('MONGODB_URI', () => {
      throw new Error('is not set; a file under DATA_DIR stands in for MongoDB where that is set');
    });
}
