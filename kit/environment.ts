import { aliases, withAliases } from './aliases.ts';
import { developmentSecrets } from './development-secrets.ts';
import { withSecretFiles } from './secret-files.ts';
import type { Environment } from './upstream-settings.ts';

/**
 * The environment as a process reads it, once, before its configuration: secrets from the files that `<name>_FILE`
 * names, other names of a variable put under ours, and what is unset then from Vault, where one is named. Empty counts
 * as absent.
 * @param names variables of the process, which may come from files
 * @throws Error with one line that names the variable to look at, never a value
 */
export async function readEnvironment(environment: Environment, names: Iterable<string>): Promise<Environment> {
  const ours = [...names, ...Object.keys(developmentSecrets), ...Object.keys(aliases), 'VAULT_TOKEN'];
  const given = withAliases(withoutEmpty(withSecretFiles(environment, ours)));
  if (given['VAULT_ADDR'] === undefined) return given;
  // Most processes ask no Vault and need not load its client.
  const { readVault } = await import('./vault.ts');
  return { ...withAliases(withoutEmpty(await readVault(given))), ...given };
}

const withoutEmpty = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
