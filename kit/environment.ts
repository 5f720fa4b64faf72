import { aliases, withAliases } from './aliases.ts';
import { readConfigurationFile } from './configuration-file.ts';
import { developmentSecrets } from './development-secrets.ts';
import { withSecretFiles } from './secret-files.ts';
import type { Environment } from './upstream-settings.ts';

/**
 * The environment as a process reads it, once, before its configuration: secrets from the files that `<name>_FILE`
 * names, `${NAME}` as the value of that variable, other names of a variable put under ours, and what is unset then from
 * the file that CONFIG_PATH names and from Vault, where one is named. Empty counts as absent.
 * @param names variables of the process, which may come from files
 * @throws Error with one line that names the variable to look at, never a value
 */
export async function readEnvironment(environment: Environment, names: Iterable<string>): Promise<Environment> {
  const ours = [...names, ...Object.keys(developmentSecrets), ...Object.keys(aliases), 'VAULT_TOKEN'];
  const set = withAliases(withReferences(withoutEmpty(withSecretFiles(environment, ours)), ours));
  const file = set['CONFIG_PATH'];
  const given = file === undefined ? set : { ...(await readConfigurationFile(file)), ...set };
  if (given['VAULT_ADDR'] === undefined) return given;
  // Most processes ask no Vault and need not load its client.
  const { readVault } = await import('./vault.ts');
  return { ...withAliases(withoutEmpty(await readVault(given))), ...given };
}

const withoutEmpty = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value));

/** Files of variables for containers refer to others so, and not everything that reads such files puts the value in. */
function withReferences(environment: Environment, names: readonly string[]): Environment {
  const found = names.flatMap((name) => {
    const [, other] = /^\$\{(\w+)\}$/.exec(environment[name] ?? '') ?? [];
    if (other === undefined) return [];
    if (environment[other] === undefined) throw new Error(`${name}: refers to ${other}, which is not set`);
    return [[name, environment[other]] as const];
  });
  return { ...environment, ...Object.fromEntries(found) };
}
