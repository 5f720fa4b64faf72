/** Something of an organization changed: its plan, its status or its keys; or it is gone. */
export type Change = { readonly organizationId: string; readonly kind: 'changed' | 'deleted' };

type Listener = (change: Change) => void;

/** Tells every gateway at once what would otherwise be noticed when cached keys run out. Nothing depends on a message. */
export type ChangeBus = AsyncDisposable & {
  /** Never rejects. */
  readonly publish: (change: Change) => Promise<void>;
  readonly subscribe: (listener: Listener) => void;
};

/** Reaches the listeners of this process only. */
export function localBus(): ChangeBus {
  const listeners: Listener[] = [];
  return {
    async publish(change) {
      for (const listener of listeners) listener(change);
    },
    subscribe: (listener) => void listeners.push(listener),
    [Symbol.asyncDispose]: async () => void listeners.splice(0),
  };
}
