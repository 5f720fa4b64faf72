import type { FetchLayer, SubgraphRequest } from '#gateway/request.ts';
import type { Background } from './background.ts';
import type { Store } from './store.ts';
import type { Tag } from './tags.ts';
import type { Written } from './writes.ts';

type Options = {
  readonly writtenBy: (service: string, text: string) => Written;
  readonly store: Pick<Store, 'raise'>;
  readonly background: Background;
  /** Hears of every mutation that is over, before its answer leaves. */
  readonly onWritten: () => void;
};

type Invalidation = {
  /** Stands around everything that may end a mutation, its deadline too. */
  readonly written: FetchLayer;
  /** Stands next to the call: what is written after its time was up invalidates once more. */
  readonly writtenLate: FetchLayer;
};

/** Raises the stamps of what a mutation changed before its answer leaves, also when nobody knows what it changed. */
export function invalidation({ writtenBy, store, background, onWritten }: Options): Invalidation {
  const raise = async (tags: readonly Tag[]): Promise<void> => {
    onWritten();
    if (tags.length > 0) await store.raise(tags);
  };
  const atMost = (request: SubgraphRequest): readonly Tag[] => writtenBy(request.service, request.text).atMost(request);
  return {
    written: (next) => async (request) => {
      if (request.kind !== 'mutation') return next(request);
      try {
        const response = await next(request);
        const isWhole = response.errors === undefined || response.errors.length === 0;
        const { by } = writtenBy(request.service, request.text);
        await raise([...by(request, response), ...(isWhole ? [] : atMost(request))]);
        return response;
      } catch (error) {
        await raise(atMost(request));
        throw error;
      }
    },
    writtenLate: (next) => async (request) => {
      if (request.kind !== 'mutation') return next(request);
      try {
        return await next(request);
      } finally {
        if (request.signal.aborted) background.run(() => raise(atMost(request)));
      }
    },
  };
}
