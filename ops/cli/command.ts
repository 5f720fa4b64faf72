import type { Environment } from '#kit/upstream-settings.ts';

/** One verb of the command line. */
export type Command = {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints: usage, options, examples. */
  readonly help: string;
  /** Runs with the words behind the verb; resolves to the exit code. */
  readonly run: (words: readonly string[], environment: Environment) => Promise<number>;
};

/** Verbs under one noun, such as `key create`. */
export type Group = { readonly summary: string; readonly commands: Commands };

export type Commands = Readonly<Record<string, Command | Group>>;

/** Something the person at the terminal wrote wrongly; printed without a stack, exit code 2. Other failures exit with 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
