/** Names of the types whose objects were changed; `all` where nobody can say. */
export type Changed = ReadonlySet<string> | 'all';

/** Tells whoever keeps something of its own for all callers that it may have been changed by another process. */
export type Changes = {
  readonly tell: (changed: Changed) => void;
  /** `forget` runs whenever objects of this type may have been changed, before the write that did it is answered. */
  readonly onChange: (type: string, forget: () => void) => void;
};

/** One for each process; what listens lives as long as it does. */
export function changes(): Changes {
  const listeners: { readonly type: string; readonly forget: () => void }[] = [];
  return {
    tell(changed) {
      for (const { type, forget } of listeners) if (changed === 'all' || changed.has(type)) forget();
    },
    onChange: (type, forget) => void listeners.push({ type, forget }),
  };
}
