import { deflateRawSync } from 'node:zlib';
import { aliases } from './aliases.ts';
import { developmentSecrets } from './development-secrets.ts';
import type { Environment } from './upstream-settings.ts';

/** Where a guessed secret would open something that matters. */
export const wantsStrongSecrets = (environment: string | undefined): boolean =>
  environment === 'production' || environment === 'staging';

type Wanted = {
  readonly name: string;
  /** False for a secret that nothing would use; where it is given all the same, it is checked. */
  readonly needed: boolean;
};

/** One line for each secret that is missing or can be guessed; it names the variable, never the value. */
export function secretProblems(environment: Environment, wanted: readonly Wanted[]): readonly string[] {
  return wanted.flatMap(({ name, needed }) => {
    const value = environment[name];
    const problem = value ? weakness(value) : needed && 'is not set';
    return problem ? [`${namesOf(name)}: ${problem}; production needs ${minLength} random characters or more`] : [];
  });
}

/** The variable with the other names that fill it, one of which may be the one that was set. */
function namesOf(name: string): string {
  const others = Object.keys(aliases).filter((alias) => aliases[alias]?.includes(name));
  return others.length > 0 ? `${name} (or ${others.join(', ')})` : name;
}

const minLength = 32;
/** What the shortest secret of random hexadecimal digits compresses to is about 30 bytes. */
const minCompressedBytes = 24;

function weakness(secret: string): string | undefined {
  if (Object.values<string>(developmentSecrets).includes(secret)) return 'is the development value, which everybody can read';
  if (secret.length < minLength) return `is shorter than ${minLength} characters`;
  // A repeated character, word or row of digits shrinks; random text does not.
  if (deflateRawSync(secret).length < minCompressedBytes) return 'repeats itself and can be guessed';
  return undefined;
}
