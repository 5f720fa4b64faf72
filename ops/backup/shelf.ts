/** Where archives are put. Each is a folder of files; one without manifest and seal is incomplete. */
export type Shelf = {
  /** For people. */
  readonly place: string;
  /** An empty folder in which an archive may grow; `put` takes it away. */
  readonly workFolder: () => Promise<string>;
  /** Oldest first, incomplete ones too. */
  readonly names: () => Promise<readonly string[]>;
  readonly isComplete: (name: string) => Promise<boolean>;
  readonly put: (name: string, folder: string) => Promise<void>;
  readonly fetch: (name: string) => Promise<AsyncDisposable & { readonly folder: string }>;
  readonly remove: (name: string) => Promise<void>;
};

/** `2026-11-21_10-03-59_3fa9`, in UTC: the time, and four digits so that two of one second differ. */
export const archiveName = (createdAt: Date): string =>
  `${createdAt.toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-')}_${crypto.randomUUID().slice(0, 4)}`;

const shape = /^(\d{4}-\d{2}-\d{2})_(\d{2})-(\d{2})-(\d{2})_[0-9a-f]{4}$/;

export const isArchiveName = (name: string): boolean => shape.test(name);

/** When an archive was begun, in milliseconds since the Unix epoch. */
export function timeOf(name: string): number {
  const [, day, hour, minute, second] = shape.exec(name) ?? [];
  return Date.parse(`${day}T${hour}:${minute}:${second}Z`);
}
