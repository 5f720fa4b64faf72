/** One verb of the command line. */
export type Command = {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints: usage, options, examples. */
  readonly help: string;
  /** Runs with the words behind the verb; resolves to the exit code. */
  readonly run: (words: readonly string[]) => Promise<number>;
};

/** Something the person at the terminal can mend; printed without a stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
