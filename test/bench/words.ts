/** Words of a bench that measures again and again: seconds of each run, how often, and whether RESULTS.md is written. */
export const benchWords = ({ seconds, repeats }: { readonly seconds: string; readonly repeats: string }) =>
  ({
    seconds: { type: 'string', default: seconds },
    repeats: { type: 'string', default: repeats },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  }) as const;
