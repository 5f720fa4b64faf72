type Metadata = Readonly<Record<string, unknown>>;

/** What the service keeps among the metadata although it has fields of its own (contract section 1.4). */
const kept = ['template_type', 'tags', 'is_public'] as const;

/**
 * The metadata to send with a change: what is there, with the given keys over it. Type, tags and visibility stay as they
 * are, whether given or not.
 */
export function mergedMetadata(present: unknown, given: Metadata | null | undefined): Metadata {
  const there: Metadata = isObject(present) ? present : {};
  const merged = { ...there, ...given };
  const own = kept.map((key) => [key, there[key]] as const).filter(([, value]) => value !== undefined);
  const others = Object.entries(merged).filter(([key]) => !kept.some((word) => word === key));
  return Object.fromEntries([...others, ...own]);
}

const isObject = (value: unknown): value is Metadata => typeof value === 'object' && value !== null && !Array.isArray(value);
