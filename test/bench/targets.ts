import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizationFeatures } from '#kit/authorization-features.ts';
import { plannerSdl } from '#kit/planner-sdl.ts';
import { serviceNames, subgraphNames } from '#kit/service-names.ts';
import { developmentSettings } from '#ops/sandbox/settings.ts';
import { operations } from './operations.ts';
import type { Process } from './processes.ts';
import { run } from './processes.ts';

export type Target = {
  readonly name: string;
  readonly url: string;
  /** What it wants to know who asks. */
  readonly headers: Readonly<Record<string, string>>;
  /** The processes whose CPU time and memory count. */
  readonly pids: readonly number[];
};

export type Targets = AsyncDisposable & { readonly targets: readonly Target[] };

/**
 * Starts one sandbox and, over it, our process, the stock set-up, the same graph as one server, and a bare server that knows
 * the answers.
 */
export async function startTargets(): Promise<Targets> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'lab-gateway-bench-'));
  opening.defer(() => rm(folder, { recursive: true }));
  const sandbox = opening.use(await run(['ops/sandbox/main.ts', '--json', '--ports', 'any'], {}));
  const env = { NODE_ENV: 'production', ...serviceEnvironment(JSON.parse(sandbox.ready)) };
  const running = opening.use(
    await run(
      ['gateway/main.ts'],
      {
        ...env,
        ...oursEnvironment,
      },
      isBanner,
    ),
  );
  const oursUrl = /http:\S+/.exec(running.ready)?.[0] ?? '';
  const ours: Target = { name: 'ours', url: oursUrl, headers: await logIn(oursUrl), pids: [running.pid] };
  const stock = await startStock(opening, env, folder);
  const whole = opening.use(await run(['test/bench/monolith.ts'], env));
  const monolith: Target = { name: 'monolith', url: JSON.parse(whole.ready).url, headers: {}, pids: [whole.pid] };
  await compare(ours, stock);
  await compare(ours, monolith);
  const bare = opening.use(await run(['test/bench/bare-server.ts', await writeAnswers(ours, folder)], {}));
  const opened = opening.move();
  return {
    targets: [ours, stock, monolith, { name: 'bare', url: JSON.parse(bare.ready).url, headers: {}, pids: [bare.pid] }],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** How our process is measured. */
export const oursEnvironment: Readonly<Record<string, string>> = {
  ENVIRONMENT: 'test',
  GATEWAY_HOST: '127.0.0.1',
  GATEWAY_PORT: '0',
  MAX_REQUESTS_PER_SOCKET: '0',
  // No plan allows what a load generator asks for; what limits cost is measured by admission.ts.
  RATE_LIMIT_ENABLED: 'false',
  CACHE_ENABLED: 'false',
  LOG_LEVEL: 'warn',
};

/** The first line of a gateway that listens. */
export const isBanner = (line: string): boolean => line.includes('/graphql');

const variables = {
  auth: 'AUTH',
  samples: 'SAMPLE',
  storage: 'STORAGE',
  templates: 'TEMPLATE',
  sequencing: 'SEQUENCING',
  rag: 'RAG',
  graph: 'GRAPH',
} as const;

/** Where the sandbox's services are, and what they want of a gateway. */
export function serviceEnvironment(urls: Readonly<Record<string, string>>): Record<string, string> {
  const entries = serviceNames.flatMap((name) => {
    const { token, accountEmail, accountPassword } = developmentSettings(name);
    const given = { URL: urls[name], TOKEN: token, ACCOUNT_EMAIL: accountEmail, ACCOUNT_PASSWORD: accountPassword };
    return Object.entries(given).flatMap(([suffix, value]) =>
      value === undefined ? [] : [[`${variables[name]}_SERVICE_${suffix}`, value]],
    );
  });
  return Object.fromEntries(entries);
}

/** The plain gateway in front of the same subgraphs, each an HTTP server in a process of its own. */
async function startStock(opening: AsyncDisposableStack, env: Record<string, string>, folder: string): Promise<Target> {
  const started: Process[] = [];
  let supergraph = await readFile('schema/supergraph.graphql', 'utf8');
  for (const name of subgraphNames) {
    const subgraph = opening.use(await run(['subgraphs/main.ts', name, '--port', '0', '--json'], env));
    started.push(subgraph);
    supergraph = supergraph.replace(`"local:${name}"`, JSON.stringify(JSON.parse(subgraph.ready).url));
  }
  const file = join(folder, 'supergraph.graphql');
  // The plain gateway refuses directives it does not enforce; that it lets everybody see everything is in its favour here.
  await writeFile(file, plannerSdl(supergraph, authorizationFeatures));
  const gateway = opening.use(await run(['test/bench/stock-gateway.ts', file], env));
  return {
    name: 'stock',
    url: JSON.parse(gateway.ready).url,
    headers: {},
    pids: [gateway.pid, ...started.map(({ pid }) => pid)],
  };
}

/** What a person of the laboratory, by default an administrator, sends with each request. */
export async function logIn(url: string, account = 'admin'): Promise<Readonly<Record<string, string>>> {
  const query = `mutation { login(input: { email: "${account}@lab.example", password: "sandbox" }) { accessToken } }`;
  const { data } = JSON.parse(await ask({ url, headers: {} }, { query }));
  return { authorization: `Bearer ${data.login.accessToken}` };
}

async function ask({ url, headers }: Pick<Target, 'url' | 'headers'>, body: object): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return response.text();
}

const nameOf = (query: string): string => /query (\w+)/.exec(query)?.[1] ?? '';

/** A measurement of different answers would compare nothing. */
async function compare(ours: Target, other: Target): Promise<void> {
  for (const { name, query, variables: given } of operations) {
    const [left = '', right = ''] = await Promise.all([ours, other].map((target) => ask(target, { query, variables: given })));
    if (left.includes('"errors"') || JSON.stringify(JSON.parse(left)) !== JSON.stringify(JSON.parse(right))) {
      throw new Error(
        `${name}: the answers of ${ours.name} and ${other.name} differ.\n${left.slice(0, 500)}\n${right.slice(0, 500)}`,
      );
    }
  }
}

export async function writeAnswers(target: Target, folder: string): Promise<string> {
  const answers = await Promise.all(
    operations.map(async ({ query, variables: given }) => [
      nameOf(query),
      JSON.parse(await ask(target, { query, variables: given })),
    ]),
  );
  const file = join(folder, 'answers.json');
  await writeFile(file, JSON.stringify(Object.fromEntries(answers)));
  return file;
}

/** The request body of an operation, with its name, by which the bare server finds the answer. */
export const bodyOf = ({ query, variables: given }: (typeof operations)[number]): string =>
  JSON.stringify({ operationName: nameOf(query), query, variables: given });
