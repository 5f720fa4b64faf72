import { test } from 'vitest';
import { z } from 'zod';
import { openStore } from '#kit/organizations/open-store.ts';
import type { AuditEvent } from '#kit/organizations/records.ts';
import { readOrganizationSettings } from '#kit/organizations/settings.ts';
import type { OrganizationStore } from '#kit/organizations/store.ts';
import { handClock } from '#test/harness/hand-clock.ts';
import { startEmbedded } from '#test/harness/organization-stores.ts';
import { organizationOf } from '#test/harness/organizations.ts';
import type { SubgraphUnderTest } from '#test/harness/subgraph.ts';
import { startSubgraph } from '#test/harness/subgraph.ts';

export const create = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    secret
    key { id organizationId name prefix scopes environment status createdAt expiresAt lastUsedAt usageCount allowedAddresses replacedBy overlapUntil }
  }
}`;
export const rotate = `mutation ($id: ID!, $hours: Int) {
  rotateApiKey(id: $id, overlapHours: $hours) { secret key { id name scopes status } }
}`;
export const revoke = 'mutation ($id: ID!) { revokeApiKey(id: $id) { id status } }';
export const setPlan = 'mutation ($id: ID!, $plan: String!) { setOrganizationPlan(id: $id, plan: $plan) { id plan } }';
export const setStatus =
  'mutation ($id: ID!, $status: OrganizationStatus!) { setOrganizationStatus(id: $id, status: $status) { status } }';
export const makeOrganization = `mutation ($input: CreateOrganizationInput!) {
  createOrganization(input: $input) { id name plan status createdAt apiKeys { id } }
}`;

export type Story = {
  readonly subgraph: SubgraphUnderTest;
  readonly store: OrganizationStore;
  readonly clock: ReturnType<typeof handClock>;
  readonly events: () => Promise<readonly AuditEvent[]>;
};

/** Runs a story over a store with two organizations and over the subgraph in both ways, at 12:00 on 2026-11-21. */
export async function tell(environment: Readonly<Record<string, string>>, story: (parts: Story) => Promise<void>): Promise<void> {
  const clock = handClock();
  await using store = await openStore(readOrganizationSettings(environment));
  await store.migrate();
  await store.addOrganization(organizationOf());
  await store.addOrganization(organizationOf({ id: 'helix-labs', name: 'Helix', graphCredential: 'rg_live_hidden' }));
  await using subgraph = await startSubgraph('organizations', { organizations: environment, clock });
  await story({ subgraph, store, clock, events: () => store.auditEvents({ limit: 50 }) });
}

/** A story over a file of SQLite. */
export const tells = (sentence: string, story: (parts: Story) => Promise<void>): void =>
  test(sentence, async () => {
    await using place = await startEmbedded();
    await tell(place.environment, story);
  });

type Answer = { readonly data?: Record<string, unknown> | null; readonly errors?: readonly unknown[] };

/** Codes of an answer's errors. */
export const codesOf = (answer: object): readonly unknown[] =>
  ((answer as Answer).errors ?? []).map((error) => (error as { extensions: { code: string } }).extensions.code);

export const messageOf = (answer: object): unknown =>
  ((answer as Answer).errors?.[0] as { message: string } | undefined)?.message;

const Issued = z.object({ secret: z.string(), key: z.looseObject({ id: z.string() }) });

/** The key that a mutation made, with its secret. */
export const issuedIn = ({ data }: Answer, mutation: 'createApiKey' | 'rotateApiKey'): z.infer<typeof Issued> =>
  Issued.parse(data?.[mutation]);
