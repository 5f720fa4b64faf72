import { secretProblems, wantsStrongSecrets } from '#kit/strong-secrets.ts';
import type { Environment } from '#kit/upstream-settings.ts';
import { movesSubgraph } from './fetch.ts';
import type { ProcessVariables } from './process.ts';

/** @throws Error with one line for each secret of a production process that is missing or can be guessed */
export function checkSecrets(
  environment: Environment,
  { ENVIRONMENT, foreign }: ProcessVariables & { readonly foreign: boolean },
): void {
  if (!wantsStrongSecrets(ENVIRONMENT)) return;
  const callsSubgraphs = foreign || Object.entries(environment).some(([name, value]) => movesSubgraph(name, value));
  const problems = secretProblems(environment, [
    { name: 'JWT_SECRET_KEY', needed: !environment['JWT_JWKS_URL'] },
    { name: 'JWT_SECRET_KEY_PREVIOUS', needed: false },
    { name: 'API_KEY_SALT', needed: true },
    { name: 'API_KEY_SALT_PREVIOUS', needed: false },
    { name: 'SUBGRAPH_SECRET', needed: callsSubgraphs },
    { name: 'ADMIN_TOKEN', needed: false },
    { name: 'METRICS_TOKEN', needed: false },
  ]);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
