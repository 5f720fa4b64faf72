import { backupCommands } from './backup.ts';
import { blockCommands } from './blocks.ts';
import { cacheCommands } from './cache.ts';
import type { Commands } from './command.ts';
import { UsageError } from './command.ts';
import { cost } from './cost.ts';
import { dispatch } from './dispatch.ts';
import { doctor } from './doctor.ts';
import { health } from './health.ts';
import { ipCommands } from './ip.ts';
import { keyCommands } from './key.ts';
import { load } from './load.ts';
import { migrate } from './migrate.ts';
import { organizationCommands } from './org.ts';
import { plan } from './plan.ts';
import { query } from './query.ts';
import { drain, reload, status, undrain } from './running.ts';
import { scale } from './scale.ts';
import { smoke } from './smoke.ts';
import { token } from './token.ts';
import { validateConfig } from './validate-config.ts';

const commands: Commands = {
  query,
  cost,
  plan,
  org: { summary: 'organizations: create, list, show, set-plan, suspend, resume, delete', commands: organizationCommands },
  key: { summary: 'API keys of organizations: create, list, rotate, revoke', commands: keyCommands },
  blocks: { summary: 'addresses that are shut out for a while: list, add, lift', commands: blockCommands },
  cache: { summary: 'what is kept of answers: purge, stats, inspect, warm', commands: cacheCommands },
  ip: { summary: 'the same of one running gateway, with or without a Redis: list, block, unblock', commands: ipCommands },
  health,
  doctor,
  status,
  drain,
  undrain,
  reload,
  backup: {
    summary: 'archives of what must not be lost: create, list, verify, restore, prune',
    commands: backupCommands(async () => (await import('#gateway/config.ts')).variableNames),
  },
  load,
  migrate,
  scale,
  smoke,
  'validate-config': validateConfig,
  token,
};

process.exitCode = await dispatch(commands, {
  program: 'npm run cli --',
  words: process.argv.slice(2),
  environment: process.env,
}).catch((error: Error) => {
  console.error(error.message);
  return error instanceof UsageError ? 2 : 1;
});
