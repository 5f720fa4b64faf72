import type { Clock } from '#kit/clock.ts';
import type { KeyHasher } from './keys.ts';
import { newKeyId, prefixOf } from './keys.ts';
import type { OrganizationStore } from './store.ts';

/** An organization of development with a key that is no secret. */
export type Seed = {
  readonly name: string;
  readonly plan: string;
  readonly key: string;
  readonly scopes: readonly string[];
};

type Parts = { readonly store: OrganizationStore; readonly hasher: KeyHasher; readonly clock: Clock };

/** Puts organizations and keys where they are missing; what is there, revoked or not, stays as it is. */
export async function seed(seeds: readonly Seed[], { store, hasher, clock }: Parts): Promise<void> {
  const createdAt = new Date(clock.now());
  for (const { name, plan, key: secret, scopes } of seeds) {
    await store.addOrganization({ id: name, name, plan, status: 'active', createdAt });
    const [keyHash] = hasher(secret);
    await store.addKey({
      id: newKeyId(),
      organizationId: name,
      keyHash,
      keyPrefix: prefixOf(secret),
      name: 'development',
      scopes,
      environment: 'test',
      createdAt,
      usageCount: 0,
      isActive: true,
    });
  }
}
