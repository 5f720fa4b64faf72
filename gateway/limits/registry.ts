import { polledText } from '#kit/polled-text.ts';
import type { Manifest, RegisteredOperation } from './manifest.ts';
import type { Manifests } from './manifest-files.ts';
import { everybody, fingerprint, readManifests } from './manifest-files.ts';

/** The operations that an organization may name: its own, and those of all. */
export type Registry = {
  readonly findById: (organization: string, id: string) => RegisteredOperation | undefined;
  readonly findByText: (organization: string, text: string) => RegisteredOperation | undefined;
};

type Options = {
  /** A manifest for all organizations, or a folder of them: `<organization>.json`, and `_all.json` for all. */
  readonly path: string;
  /** How often the files are looked at. */
  readonly pollMs: number;
};

/** Hears of every change: that all was read, or what could not be. */
type OnReload = (outcome: { readonly ok: true } | { readonly ok: false; readonly error: unknown }) => void;

type OpenRegistry = Registry &
  AsyncDisposable & {
    /** Reads the files at once; rejects when one of them could not be read. */
    readonly reload: () => Promise<void>;
  };

/**
 * Registered operations, read again when their files change. A file that cannot be read leaves in force what it held
 * before; one that is gone takes its operations along.
 * @throws Error that names PERSISTED_OPERATIONS_PATH, when the first reading fails
 */
export async function openRegistry({ path, pollMs }: Options, onReload: OnReload): Promise<OpenRegistry> {
  const watched = await polledText({ everyMs: pollMs, read: () => fingerprint(path) });
  let current = await readFirst(path);
  let reading = Promise.resolve();
  const reload = async (): Promise<void> => {
    const failures: Error[] = [];
    current = await readManifests(path, current, (error) => failures.push(error));
    for (const error of failures) onReload({ ok: false, error });
    if (failures.length === 0) onReload({ ok: true });
    else throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  };
  const queued = (): Promise<void> => {
    const reloaded = reading.then(reload);
    reading = reloaded.catch(() => undefined);
    return reloaded;
  };
  const onFailure = (error: unknown): void => onReload({ ok: false, error });
  watched.watch({
    // Whatever became of it was told, unless the files could not even be listed.
    onChange: () => void queued().catch((error) => error instanceof AggregateError || onFailure(error)),
    onFailure,
  });
  return {
    findById: (organization, id) => first(current, organization, ({ byId }) => byId.get(id)),
    findByText: (organization, text) => first(current, organization, ({ byText }) => byText.get(text)),
    reload: queued,
    async [Symbol.asyncDispose]() {
      await watched[Symbol.asyncDispose]();
      await reading;
    },
  };
}

async function readFirst(path: string): Promise<Manifests> {
  try {
    return await readManifests(path, new Map(), (error) => {
      throw error;
    });
  } catch (cause) {
    throw new Error(`PERSISTED_OPERATIONS_PATH: ${(cause as Error).message}`, { cause });
  }
}

type Find = (manifest: Manifest) => RegisteredOperation | undefined;

/** What an organization registered itself goes before what is for all. */
function first(manifests: Manifests, organization: string, find: Find): RegisteredOperation | undefined {
  const [own, common] = [manifests.get(organization), manifests.get(everybody)];
  return (own && find(own.manifest)) ?? (common && find(common.manifest));
}

/** Where nothing is registered. */
export const emptyRegistry: Registry = { findById: () => undefined, findByText: () => undefined };
