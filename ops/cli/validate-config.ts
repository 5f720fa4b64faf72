import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';
import { commonOptions, readWords } from './words.ts';

const help = `Reads everything that a start reads, and neither connects nor listens: variables and the files that they name (secrets,
certificates, services, plans, registered operations, address feed), and the supergraph with its plans, prices and rights.

  npm run cli -- validate-config
  ENVIRONMENT=production PLANS_PATH=plans.json npm run cli -- validate-config --json

  --json  print [{"path", "message"}]

Vault and live subgraphs (SUBGRAPH_LIST) are not asked. Exit code 0 when all of it can be used, 1 when something cannot.
\`node gateway/main.ts --check [--json]\` is the same without this command line.`;

export const validateConfig: Command = {
  summary: 'check variables and files before a start',
  help,
  async run(words, environment) {
    const { values } = readWords(words, [], commonOptions);
    const program = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
    const child = spawn(process.execPath, [program, '--check', ...(values.json ? ['--json'] : [])], {
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return code ?? 1;
  },
};
