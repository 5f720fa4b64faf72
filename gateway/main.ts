import cluster from 'node:cluster';
import { readEnvironment } from '#kit/environment.ts';
import { isSubgraphName } from '#kit/service-names.ts';
import { keepYoung } from '#kit/young-objects.ts';
import { subgraphs } from '#subgraphs/registry.ts';
import { readConfig, variableNames } from './config.ts';
import { serve } from './serve.ts';
import { supervise } from './supervise.ts';

// The gateway library reports anonymous usage unless told not to.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';

async function main(): Promise<void> {
  if (process.argv.includes('--check')) {
    process.exitCode = await check(process.argv.includes('--json'));
    return;
  }
  keepYoung();
  const config = readConfig(await readEnvironment(process.env, variableNames));
  process.exitCode =
    cluster.isPrimary && config.lifecycle.workers > 1
      ? await supervise(config)
      : await serve({ config, environment: process.env, subgraphs });
}

/** Prints what would keep a process from starting; it neither listens nor connects. */
async function check(json: boolean): Promise<number> {
  const { checkStart } = await import('./check.ts');
  const problems = await checkStart(process.env, async (name) =>
    isSubgraphName(name) ? (await subgraphs[name]()).needs : undefined,
  );
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  process.stdout.write(
    `${json ? JSON.stringify(problems, null, 2) : lines.join('\n') || 'Everything that a start reads can be read.'}\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
// What connects a worker with the process above it would keep it alive.
cluster.worker?.disconnect();
