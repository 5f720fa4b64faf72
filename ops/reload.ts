import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { safeMessage } from '#kit/safe-message.ts';

/** What became of one part: it is as its files say now, or it could not be and is as before. */
type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** Parts by name; each rejects when what it found cannot be used. */
export type Reloads = Readonly<Record<string, () => Promise<void>>>;

export type Reload = () => Promise<Readonly<Record<string, Outcome>>>;

/**
 * Has every part read its files again, one part at a time; what cannot be used leaves the part as it was. The parts tell
 * themselves what was wrong; here stands, in one line, which of them.
 */
export function reloader(parts: () => Reloads, logger: Logger): Reload {
  const all = async (): Promise<Readonly<Record<string, Outcome>>> => {
    const outcomes: Record<string, Outcome> = {};
    for (const [name, reload] of Object.entries(parts())) {
      outcomes[name] = await reload().then(
        () => ({ ok: true }) as const,
        (error: unknown) => ({ ok: false, error: safeMessage(error) }) as const,
      );
    }
    const failed = Object.values(outcomes).some(({ ok }) => !ok);
    logger[failed ? 'error' : 'info']({ outcomes }, 'read again');
    return outcomes;
  };
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(all);
    last = next;
    return next;
  };
}

/** What became of the parts of several processes: one that failed in any of them failed. */
export function mergedOutcomes(all: readonly Readonly<Record<string, Outcome>>[]): Readonly<Record<string, Outcome>> {
  const merged: Record<string, Outcome> = {};
  for (const outcomes of all)
    for (const [name, outcome] of Object.entries(outcomes)) if (merged[name]?.ok !== false) merged[name] = outcome;
  return merged;
}

/**
 * Watches over what holds until the process ends: files that variables name, such as secrets and the certificates of
 * stores. @returns a part for `reloader` that rejects with the names of the variables whose files changed
 */
export function settledVariables(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): () => Promise<void> {
  const files = [...names.map((name) => `${name}_FILE`), ...names.filter((name) => name.endsWith('_CA_FILE'))];
  const named = files.flatMap((variable) => (environment[variable] ? [[variable, environment[variable]] as const] : []));
  const before = new Map(named.map(([variable, file]) => [variable, contentOf(file)]));
  return async () => {
    const changed = named.filter(([variable, file]) => contentOf(file) !== before.get(variable)).map(([variable]) => variable);
    if (changed.length > 0) throw new Error(`${changed.join(', ')}: changed, which takes effect with the next start`);
  };
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
