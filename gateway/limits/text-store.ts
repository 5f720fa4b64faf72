import { LRUCache } from 'lru-cache';

type Options = {
  /** Most texts of one organization, and most characters of them. */
  readonly maxTexts: number;
  readonly maxCharacters: number;
  /** Most organizations; the one that asked least recently is forgotten first. */
  readonly maxOrganizations: number;
};

/** Texts by their hash, for each organization by itself: none learns what another one asks, or pushes its texts out. */
export type TextStore = {
  readonly find: (organization: string, hash: string) => string | undefined;
  readonly keep: (organization: string, hash: string, text: string) => void;
};

/** Keeps the texts that were asked for last. */
export function textStore({ maxTexts, maxCharacters, maxOrganizations }: Options): TextStore {
  const organizations = new LRUCache<string, LRUCache<string, string>>({ max: maxOrganizations });
  const open = (organization: string): LRUCache<string, string> => {
    const texts = new LRUCache<string, string>({
      max: maxTexts,
      maxSize: maxCharacters,
      sizeCalculation: (text) => Math.max(1, text.length),
    });
    organizations.set(organization, texts);
    return texts;
  };
  return {
    find: (organization, hash) => organizations.get(organization)?.get(hash),
    keep: (organization, hash, text) => void (organizations.get(organization) ?? open(organization)).set(hash, text),
  };
}
